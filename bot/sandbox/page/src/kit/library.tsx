/**
 * What slack-blocks-to-jsx draws: rich text, tables and Markdown.
 *
 * It keeps the hooks and data of its first drawing for good, so the hooks here are components that look things up
 * themselves.
 */

import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { type Block, Message, type MessageProps } from "slack-blocks-to-jsx";
import { sandboxNow, useShown } from "../live";
import type { Kit } from "../protocol";
import { useTheme } from "../theme";
import { formatDate } from "./dates";
import { isKit, kitsAt, stringAt } from "./json";
import { Address } from "./links";
import { Broadcast, ChannelName, GroupName, UserName } from "./mentions";
import { isSafeAddress } from "./mrkdwn";
import { Unsupported } from "./unsupported";

const HOOKS: NonNullable<MessageProps["hooks"]> = {
  user: ({ id }) => <UserName id={id} />,
  channel: ({ id }) => <ChannelName id={id} />,
  usergroup: ({ id }) => <GroupName id={id} />,
  atHere: () => <Broadcast range="here" />,
  atChannel: () => <Broadcast range="channel" />,
  atEveryone: () => <Broadcast range="everyone" />,
  link: ({ href, children }) => <Address url={href}>{children}</Address>,
  // Of a name that is no emoji's, the library would leave out the colons.
  emoji: (emoji, parse) => {
    const drawn = parse(emoji);
    return drawn === emoji.name ? `:${emoji.name}:` : drawn;
  },
};

/** Draws one block; if that shows nothing at all, the block is unsupported. */
export function Drawn({ block, source = block }: { block: Kit; source?: Kit }) {
  const theme = useTheme();
  const place = useRef<HTMLDivElement>(null);
  const [isEmpty, setEmpty] = useState(false);
  // When the clock is moved, what was today may be yesterday.
  const movedBy = useShown((state) => state.clock.moved_by);
  const blocks = useMemo(() => [prepared(block)], [block, movedBy]);
  useLayoutEffect(() => {
    const drawn = place.current;
    if (drawn) setEmpty(!drawn.querySelector("img, hr") && (drawn.textContent ?? "") === "");
  }, [blocks]);
  return (
    <>
      <div ref={place} className="drawn" hidden={isEmpty} onClickCapture={holdBackDeadLinks}>
        {/* Its type is known at run time alone; what the library can't draw, the boundary around each block catches. */}
        <Message
          withoutWrapper
          name=""
          logo=""
          theme={theme.shown}
          hooks={HOOKS}
          blocks={blocks as unknown as Block[]}
        />
      </div>
      {isEmpty && <Unsupported what={source} />}
    </>
  );
}

/** Markdown's links do not pass the hook: those that lead nowhere safe stay in the page, and media play in it. */
function holdBackDeadLinks(event: React.MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link && !isSafeAddress(link.getAttribute("href") ?? "")) event.preventDefault();
}

/** The block with what the library gets wrong put right: dates lose their fallback there, and raw text its letters. */
function prepared(block: Kit): Kit {
  if (block.type === "rich_text") return { ...block, elements: kitsAt(block, "elements").map(preparedHolder) };
  if (block.type !== "table" || !Array.isArray(block.rows)) return block;
  const rows = block.rows.map((row) => (Array.isArray(row) ? row.filter(isKit).map(preparedCell) : []));
  return { ...block, rows };
}

function preparedCell(cell: Kit): Kit {
  if (cell.type === "rich_text") return prepared(cell);
  const words = stringAt(cell, "text") || String(cell.value ?? "");
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: words }] }] };
}

function preparedHolder(holder: Kit): Kit {
  const change = holder.type === "rich_text_list" ? preparedHolder : preparedSpan;
  return { ...holder, elements: kitsAt(holder, "elements").map(change) };
}

function preparedSpan(span: Kit): Kit {
  const style = isKit(span.style) ? { style: span.style } : {};
  if (span.type === "link" && !isSafeAddress(stringAt(span, "url"))) {
    return { type: "text", text: stringAt(span, "text") || stringAt(span, "url"), ...style };
  }
  if (span.type !== "date") return span;
  const words = formatDate(Number(span.timestamp), stringAt(span, "format"), sandboxNow());
  const shown = words ?? (stringAt(span, "fallback") || `${span.timestamp}`);
  const url = stringAt(span, "url");
  return isSafeAddress(url) ? { type: "link", url, text: shown, ...style } : { type: "text", text: shown, ...style };
}
