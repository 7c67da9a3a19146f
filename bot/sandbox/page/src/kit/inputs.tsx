/** Everything that is typed. */

import { type KeyboardEvent, useRef } from "react";
import type { Kit } from "../protocol";
import { kitAt, numberAt, stringAt, wordsOf } from "./json";
import { Trouble, useNaming } from "./labels";
import { type Placed, useElement } from "./surface";
import { asList, asText, holdsSeveral, type Value } from "./values";

const TYPES: Readonly<Record<string, string>> = {
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
};

export function TextInput({ block, element }: Placed) {
  const use = useElement({ block, element });
  const naming = useNaming(element);
  const isLong = element.multiline === true || element.type === "rich_text_input";
  const read = (typed: string): Value => (holdsSeveral(element) ? split(typed) : typed === "" ? null : typed);
  const triggers = triggersOf(element);
  const isTyped = useRef(false);
  const common = {
    ...naming,
    className: "field",
    "aria-busy": use.isBusy,
    autoFocus: element.focus_on_load === true,
    placeholder: wordsOf(element.placeholder),
    value: holdsSeveral(element) ? asList(use.value).join(", ") : asText(use.value),
    minLength: numberAt(element, "min_length") ?? undefined,
    maxLength: numberAt(element, "max_length") ?? undefined,
    onChange: (event: { target: { value: string } }) => {
      const next = read(event.target.value);
      isTyped.current = true;
      use.fill(next);
      if (triggers.includes("on_character_entered")) void use.dispatch(next);
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" || isLong || event.nativeEvent.isComposing) return;
      if (!triggers.includes("on_enter_pressed") || block.dispatch_action !== true) return;
      event.preventDefault();
      void use.dispatch(use.value);
    },
    onBlur: () => {
      // Outside of forms nothing else says that the typing is over.
      if (block.type !== "input" && isTyped.current) void use.dispatch(use.value);
      isTyped.current = false;
    },
  };
  return (
    <span className="pressable pressable-wide">
      {isLong ? (
        <textarea {...common} rows={4} />
      ) : (
        <input {...common} type={TYPES[element.type ?? ""] ?? "text"} {...numbersOf(element)} />
      )}
      <Trouble sentence={use.trouble} />
    </span>
  );
}

function triggersOf(element: Kit): unknown[] {
  const given = kitAt(element, "dispatch_action_config")?.trigger_actions_on;
  return Array.isArray(given) ? given : ["on_enter_pressed"];
}

function numbersOf(element: Kit): { min?: string; max?: string; step?: string } {
  if (element.type !== "number_input") return {};
  const [min, max] = [stringAt(element, "min_value"), stringAt(element, "max_value")];
  const step = element.is_decimal_allowed === true ? "any" : "1";
  return { step, ...(min ? { min } : {}), ...(max ? { max } : {}) };
}

function split(typed: string): string[] {
  return typed.split(",").map((part) => part.trimStart());
}
