/** A list of messages that stays at its end while one is there, and says when news come while one is not. */

import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

type Props = {
  label: string;
  /** The last message: a new one is news to whoever is not at the end. */
  last: string;
  children: ReactNode;
  onEnd?: () => void;
};

const NEARLY = 24; // pixels

export function Stream({ label, last, children, onEnd }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const lastTop = useRef(0);
  const [hasNews, setNews] = useState(false);

  const toEnd = () => {
    const shown = frame.current;
    if (shown) shown.scrollTop = shown.scrollHeight;
  };
  const reach = () => {
    setNews(false);
    if (document.visibilityState === "visible") onEnd?.();
  };
  useLayoutEffect(() => {
    const content = inside.current;
    if (!content) return;
    toEnd();
    // Cards grow after they are drawn: images load, forms open.
    const watcher = new ResizeObserver(() => {
      if (isAtEnd.current) toEnd();
    });
    watcher.observe(content);
    if (frame.current) watcher.observe(frame.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (isAtEnd.current) reach();
    else setNews(true);
  }, [last]);
  useEffect(() => {
    const look = () => {
      if (isAtEnd.current) reach();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  });

  const onScroll = () => {
    const shown = frame.current;
    if (!shown) return;
    const isUpwards = shown.scrollTop < lastTop.current;
    lastTop.current = shown.scrollTop;
    // What is told here may have grown since: only who goes up leaves the end.
    if (shown.scrollHeight - shown.scrollTop - shown.clientHeight <= NEARLY) isAtEnd.current = true;
    else if (isUpwards) isAtEnd.current = false;
    if (isAtEnd.current) reach();
  };
  return (
    <div className="stream">
      <div ref={frame} className="stream-frame" role="log" aria-label={label} tabIndex={0} onScroll={onScroll}>
        <div ref={inside} className="stream-inside">
          {children}
        </div>
      </div>
      {hasNews && (
        <button type="button" className="news" onClick={toEnd}>
          <span aria-hidden="true">↓</span> New messages
        </button>
      )}
    </div>
  );
}
