/** Attachments: blocks or text beside a bar; whatever else one holds is shown as unsupported below it. */

import type { CSSProperties } from "react";
import type { Kit } from "../protocol";
import { Blocks } from "./blocks";
import { stringAt } from "./json";
import { Mrkdwn, PlainText } from "./text";
import { Unsupported } from "./unsupported";

const DRAWN = new Set(["blocks", "text", "fallback", "color", "id", "mrkdwn_in"]);

export function Attachment({ attachment }: { attachment: Kit }) {
  const blocks = Array.isArray(attachment.blocks) ? attachment.blocks : [];
  const [text, fallback] = [stringAt(attachment, "text"), stringAt(attachment, "fallback")];
  const isWhole = Object.keys(attachment).every((key) => DRAWN.has(key)) && Boolean(blocks.length || text || fallback);
  const color = /^#?([0-9a-f]{6})$/i.exec(stringAt(attachment, "color"))?.[1];
  const style = color ? ({ "--bar": `#${color}` } as CSSProperties) : undefined;
  return (
    <div className="attachment" style={style}>
      {blocks.length > 0 ? (
        <Blocks blocks={blocks} />
      ) : text ? (
        <Mrkdwn text={text} />
      ) : (
        fallback && <PlainText text={fallback} />
      )}
      {!isWhole && <Unsupported what={attachment} as="attachment" />}
    </div>
  );
}
