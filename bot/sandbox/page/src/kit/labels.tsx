/** How an element is named and described to assistive technology, and where its trouble is told. */

import { createContext, useContext, useId } from "react";
import type { Kit } from "../protocol";
import { stringAt, wordsOf } from "./json";

/** An input block's label and what belongs to it, by their ids on the page. */
export type Labelled = { label: string; description: string; isInvalid: boolean; isRequired: boolean };

export const LabelContext = createContext<Labelled | null>(null);

type Naming = {
  id: string | undefined;
  "aria-label"?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
  "aria-required"?: boolean;
};

/** Attributes for a single control: it takes the label of its input block, or else its own placeholder as a name. */
export function useNaming(element: Kit): Naming {
  const labelled = useContext(LabelContext);
  if (!labelled) {
    const name = wordsOf(element.placeholder) || wordsOf(element.text) || stringAt(element, "action_id");
    return { id: undefined, "aria-label": name };
  }
  return {
    id: labelled.label,
    ...(labelled.description ? { "aria-describedby": labelled.description } : {}),
    "aria-invalid": labelled.isInvalid,
    "aria-required": labelled.isRequired,
  };
}

/** A warning sign with its sentence. */
export function Trouble({ sentence }: { sentence: string | null }) {
  const id = useId();
  if (sentence === null) return null;
  return (
    <span className="trouble" role="alert" id={id} title={sentence}>
      <span aria-hidden="true">⚠</span> {sentence}
    </span>
  );
}
