/** What the bot writes. */

import { useLayoutEffect, useRef } from "react";
import { useKnown } from "../live";

const NEARLY = 24; // pixels

export function Log() {
  const lines = useKnown((known) => known.lines);
  const frame = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const shown = frame.current;
    if (shown && isAtEnd.current) shown.scrollTop = shown.scrollHeight;
  }, [lines]);
  const onScroll = () => {
    const shown = frame.current;
    if (shown) isAtEnd.current = shown.scrollHeight - shown.scrollTop - shown.clientHeight <= NEARLY;
  };
  return (
    <div ref={frame} className="log" role="log" aria-label="The bot's log" tabIndex={0} onScroll={onScroll}>
      {lines.length === 0 ? <p className="panel-empty">The bot has written nothing yet.</p> : <pre>{lines.join("\n")}</pre>}
    </div>
  );
}
