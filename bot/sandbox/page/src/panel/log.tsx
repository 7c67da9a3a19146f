/** What the bot writes. */

import { memo, useLayoutEffect, useRef } from "react";
import { isKit } from "../kit/json";
import { useKnown } from "../live";
import type { Kit } from "../protocol";

const NEARLY = 24; // pixels
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

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
      {lines.length === 0 && <p className="panel-empty">The bot has written nothing yet.</p>}
      {lines.map((line, at) => (
        <Line key={at} line={line} />
      ))}
    </div>
  );
}

/** A line of structured log in its parts; any other as it is. */
const Line = memo(function Line({ line }: { line: string }) {
  const entry = parsed(line);
  if (!entry) return <p className="log-line">{line}</p>;
  const { event, level, timestamp, ...rest } = entry;
  const moment = new Date(String(timestamp));
  return (
    <p className={`log-line log-entry log-${String(level)}`}>
      {!Number.isNaN(moment.getTime()) && <time dateTime={moment.toISOString()}>{clock.format(moment)}</time>}{" "}
      {level !== "info" && <em>{String(level)} </em>}
      <strong>{String(event)}</strong>
      {Object.entries(rest).map(([name, value]) => (
        <span key={name}>
          {" "}
          {name}={typeof value === "string" ? value : JSON.stringify(value)}
        </span>
      ))}
    </p>
  );
});

function parsed(line: string): Kit | null {
  try {
    const entry: unknown = JSON.parse(line);
    return isKit(entry) && "event" in entry ? entry : null;
  } catch {
    return null;
  }
}
