/** Text objects: plain text to the letter, mrkdwn with its markup. */

import { useMemo } from "react";
import type { Kit } from "../protocol";
import { isKit, wordsOf } from "./json";
import { Drawn } from "./library";
import { richTextOf, withCodes } from "./mrkdwn";

export function Mrkdwn({ text, verbatim = false }: { text: string; verbatim?: boolean }) {
  const block = useMemo(() => ({ type: "rich_text", elements: richTextOf(text, { verbatim }) }), [text, verbatim]);
  return block.elements.length > 0 ? <Drawn block={block} /> : <span className="plain">{text}</span>;
}

/** A text object of either type, or a bare string, which is drawn to the letter. */
export function TextObject({ text }: { text: unknown }) {
  if (isKit(text) && text.type === "mrkdwn") return <Mrkdwn text={wordsOf(text)} verbatim={text.verbatim === true} />;
  return <PlainText text={text} />;
}

/** To the letter, with white space; emoji codes only where the text asks for them, as it does unless it says no. */
export function PlainText({ text }: { text: unknown }) {
  const words = wordsOf(text);
  const spans = isKit(text) && text.emoji !== false ? withCodes(words) : [];
  if (!spans.some((span) => span.type === "emoji")) return <span className="plain">{words}</span>;
  return (
    <Drawn block={{ type: "rich_text", elements: [{ type: "rich_text_section", elements: spans }] } satisfies Kit} />
  );
}
