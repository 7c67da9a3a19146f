/** An input with its label, its hint, and what is wrong with it. */

import { useId } from "react";
import type { Kit } from "../protocol";
import { Element } from "./elements";
import { kitAt, stringAt } from "./json";
import { LabelContext } from "./labels";
import { useSurface } from "./surface";
import { PlainText } from "./text";
import { Unsupported } from "./unsupported";

/** These are several controls, which a legend names rather than a label. */
const GROUPS = /^(checkboxes|radio_buttons|multi_(static|users|channels|conversations)_select)$/;

export function InputBlock({ block }: { block: Kit }) {
  const id = useId();
  const element = kitAt(block, "element");
  const error = useSurface().errors[stringAt(block, "block_id")] ?? "";
  const hint = block.hint !== undefined;
  const description = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  if (!element) return <Unsupported what={block} />;
  const isOptional = block.optional === true;
  const label = (
    <>
      <PlainText text={block.label} />
      {isOptional && <span className="optional"> (optional)</span>}
    </>
  );
  const inside = (
    <>
      <Element block={block} element={element} />
      {error && (
        <p className="input-error" id={`${id}-error`} role="alert">
          <span aria-hidden="true">⚠</span> {error}
        </p>
      )}
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          <PlainText text={block.hint} />
        </p>
      )}
    </>
  );
  const labelled = { label: `${id}-input`, description, isInvalid: error !== "", isRequired: !isOptional };
  return (
    <LabelContext value={labelled}>
      {GROUPS.test(element.type ?? "") ? (
        <fieldset className="input" aria-describedby={description || undefined} aria-invalid={error !== ""}>
          <legend>{label}</legend>
          {inside}
        </fieldset>
      ) : (
        <div className="input">
          <label htmlFor={`${id}-input`}>{label}</label>
          {inside}
        </div>
      )}
    </LabelContext>
  );
}
