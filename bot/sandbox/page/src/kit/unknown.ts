/** Finds what nobody here can draw, so that it is shown as unsupported instead of vanishing. */

import type { Kit } from "../protocol";
import { isKit } from "./json";

const SPANS = new Set(["text", "link", "emoji", "user", "channel", "usergroup", "broadcast", "color", "date"]);
const HOLDERS = new Set(["rich_text_section", "rich_text_quote", "rich_text_preformatted"]);
const BROADCASTS = new Set(["here", "channel", "everyone"]);

/** The parts of a rich_text block that its drawing would leave out, as they are. */
export function unknownInside(block: Kit): unknown[] {
  const elements = block.elements;
  if (!Array.isArray(elements)) return [block];
  return elements.flatMap(unknownInHolder);
}

function unknownInHolder(holder: unknown): unknown[] {
  if (!isKit(holder) || !Array.isArray(holder.elements)) return [holder];
  if (HOLDERS.has(holder.type ?? "")) return holder.elements.filter((span) => !isKnownSpan(span));
  if (holder.type !== "rich_text_list") return [holder];
  return holder.elements.flatMap((item) =>
    isKit(item) && item.type === "rich_text_section" ? unknownInHolder(item) : [item],
  );
}

function isKnownSpan(span: unknown): boolean {
  if (!isKit(span) || !SPANS.has(span.type ?? "")) return false;
  if (span.type === "text") return typeof span.text === "string";
  if (span.type === "link") return typeof span.url === "string";
  if (span.type === "broadcast") return BROADCASTS.has(String(span.range));
  return true;
}
