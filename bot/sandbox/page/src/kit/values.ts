/** What is filled in, in the page's own terms: a text, an option's value or an id; a list where it may be several. */

import type { Kit } from "../protocol";
import { isKit, kitsAt, stringAt, wordsOf } from "./json";

export type Value = string | string[] | null;

/** Block id → action id → value. */
export type Values = Readonly<Record<string, Readonly<Record<string, Value>>>>;

const SEVERAL = /^(multi_|checkboxes$)/;

export function holdsSeveral(element: Kit): boolean {
  return SEVERAL.test(element.type ?? "");
}

/** Reads one entry of Slack's `state.values`. */
export function valueOfEntry(entry: Kit): Value {
  const key = Object.keys(entry).find(
    (name) => name === "value" || name === "rich_text_value" || name.startsWith("selected_"),
  );
  return key === undefined ? null : valueOf(entry[key]);
}

/** What an element begins with, by its `initial_…`. */
export function initialValue(element: Kit): Value {
  const key = Object.keys(element).find((name) => name.startsWith("initial_"));
  const value = key === undefined ? null : valueOf(element[key]);
  if (holdsSeveral(element)) return Array.isArray(value) ? value : value === null ? [] : [value];
  return Array.isArray(value) ? (value[0] ?? null) : value;
}

function valueOf(held: unknown): Value {
  if (Array.isArray(held)) return held.map(valueOf).filter((value) => typeof value === "string");
  if (isKit(held)) return "text" in held ? optionValue(held) : JSON.stringify(held);
  return held === null || held === undefined ? null : String(held);
}

/** Slack names an option by its value; one without is named by its label. */
export function optionValue(option: Kit): string {
  return stringAt(option, "value") || wordsOf(option.text);
}

export type Group = { label: string; options: Kit[] };

/** An element's options, in groups; those without a group are one without a label. */
export function optionGroups(element: Kit): Group[] {
  const groups = kitsAt(element, "option_groups");
  if (groups.length === 0) return [{ label: "", options: kitsAt(element, "options") }];
  return groups.map((group) => ({ label: wordsOf(group.label), options: kitsAt(group, "options") }));
}

export function asList(value: Value): string[] {
  return Array.isArray(value) ? value : value === null ? [] : [value];
}

export function asText(value: Value): string {
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}

export function isEmpty(value: Value): boolean {
  return value === null || value.length === 0;
}
