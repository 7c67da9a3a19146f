/** The tour's popover, beside what it speaks of. It covers little and blocks nothing. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useBox } from "../box";
import { useKnown } from "../live";
import { type Beginning, endTour, startOnFirstVisit, STEPS, tour, turnTo, watchForBreaks } from "./steps";

const LOOK_EVERY = 200; // milliseconds
const GAP = 14; // pixels
const BELOW_TOPBAR = 66;

export function Tour() {
  const now = useBox(tour);
  const hasCalls = useKnown((known) => known.state.calls.length > 0);
  useEffect(() => {
    if (hasCalls) startOnFirstVisit();
  }, [hasCalls]);
  useEffect(() => {
    if (!now) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) endTour();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [now]);
  return now && <Popover key={now.step} at={now.step} since={now.since} />;
}

function Popover({ at, since }: { at: number; since: Beginning }) {
  const step = STEPS[at];
  const known = useKnown((all) => all);
  const place = useRef<HTMLDivElement>(null);
  const spot = useSpot(step?.points ?? "", step?.isFirst === true);
  useEffect(() => watchForBreaks(known), [known]);
  useEffect(() => place.current?.focus({ preventScroll: true }), []);
  useLayoutEffect(() => {
    if (place.current) putBeside(place.current, spot);
  }, [spot]);
  if (!step) return null;
  const isDone = step.isDone(known, since);
  const isLast = at === STEPS.length - 1;
  return (
    <>
      {spot && <div className="tour-ring" style={ringAround(spot.target)} aria-hidden="true" />}
      <div ref={place} className="tour" role="dialog" aria-label={`Tour: ${step.title}`} tabIndex={-1}>
        <p className="tour-count">
          Step {at + 1} of {STEPS.length}
        </p>
        <h2>{step.title}</h2>
        <p>{step.text}</p>
        <p className="tour-done" role="status">
          {isDone && "✓ Done."}
        </p>
        <div className="row">
          <button type="button" className={isDone ? "button button-primary" : "button"} onClick={() => turnTo(at + 1)}>
            {isLast ? "Finish" : "Next"}
          </button>
          {at > 0 && (
            <button type="button" className="quiet" onClick={() => turnTo(at - 1)}>
              Back
            </button>
          )}
          <button type="button" className="quiet" onClick={endTour}>
            Skip tour
          </button>
        </div>
      </div>
    </>
  );
}

/** What is pointed at, and how far left one must go to cover nothing of the panel that it stands in. */
type Spot = { target: DOMRect; edge: number };

/** Where the element is at the moment: the page moves below the tour. */
function useSpot(selector: string, isFirst: boolean): Spot | null {
  const [spot, setSpot] = useState<Spot | null>(null);
  const wasSeen = useRef(false);
  useEffect(() => {
    const look = () => {
      const all = [...document.querySelectorAll(selector)].filter((element) => element.getClientRects().length > 0);
      const found = all.at(isFirst ? 0 : -1);
      if (found && !wasSeen.current) {
        wasSeen.current = true;
        found.scrollIntoView({ block: "center" });
      }
      const next = found ? spotOf(found) : null;
      setSpot((before) => (JSON.stringify(before) === JSON.stringify(next) ? before : next));
    };
    look();
    const timer = window.setInterval(look, LOOK_EVERY);
    return () => window.clearInterval(timer);
  }, [selector, isFirst]);
  return spot;
}

function spotOf(element: Element): Spot {
  const target = element.getBoundingClientRect();
  return { target, edge: element.closest(".panel")?.getBoundingClientRect().left ?? target.left };
}

/** Left of the element where there is room, else above it or below; without an element, out of the way. */
function putBeside(popover: HTMLElement, spot: Spot | null): void {
  const { width, height } = popover.getBoundingClientRect();
  const [right, bottom] = [window.innerWidth - width - GAP, window.innerHeight - height - GAP];
  let [left, top] = [right, BELOW_TOPBAR];
  if (spot) {
    const { target, edge } = spot;
    const isBeside = edge - GAP - width > GAP;
    const isAbove = target.top - GAP - height > GAP;
    left = isBeside ? edge - GAP - width : target.left;
    top = isBeside ? target.top : isAbove ? target.top - GAP - height : target.bottom + GAP;
  }
  popover.style.left = `${Math.max(GAP, Math.min(left, right))}px`;
  popover.style.top = `${Math.max(GAP, Math.min(top, bottom))}px`;
}

function ringAround(target: DOMRect): { top: number; left: number; width: number; height: number } {
  const room = 4;
  return {
    top: target.top - room,
    left: target.left - room,
    width: target.width + 2 * room,
    height: target.height + 2 * room,
  };
}
