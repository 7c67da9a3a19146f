/** The six steps of the tour: what each shows, where it points, and when it is done. */

import { Box } from "../box";
import { desk, HOME, go, showPane, showTab } from "../desk";
import { kitsAt, stringAt, wordsOf } from "../kit/json";
import type { Known } from "../known";
import { live, sandboxNow } from "../live";
import type { Kit, Message } from "../protocol";

/** What was there when a step began: only what comes after it counts. */
export type Beginning = { ts: string; movedBy: number; wasBad: boolean };

export type Step = {
  title: string;
  text: string;
  /** A selector; of several elements the last one that can be seen is pointed at, or the first where `isFirst`. */
  points: string;
  isFirst?: boolean;
  prepare: () => void;
  isDone: (known: Known, since: Beginning) => boolean;
};

const PLACE = "samora-sandbox-tour";

export const STEPS: readonly Step[] = [
  {
    title: "Look a call up",
    text: "Press Look up at a finished call. Its command goes into the composer: send it with Enter.",
    points: ".call:has(.media + .media) [data-tour='look-up']",
    isFirst: true,
    prepare: () => {
      if (desk.get().place === HOME) go(live.snapshot().state.channels[0]?.id ?? HOME);
      showTab("Calls");
    },
    isDone: (known, since) => news(known, since).some((message) => buttonsOf(message).some(isNamed("Recording"))),
  },
  {
    title: "Press Recording",
    text: "Press Recording on the card: Samora hands out a fresh link, to you alone. Open recording plays it right here.",
    points: ".chat button[aria-label^='Recording of']",
    prepare: () => showPane("conversation"),
    isDone: hasLink,
  },
  {
    title: "An hour later",
    text:
      "Links die after 60 minutes. Press +60 minutes, then Open recording on the old answer: it is dead. " +
      "Recording on the card gives a new one.",
    points: "[data-tour='clock']",
    prepare: () => showTab("Weather"),
    isDone: (known, since) => known.state.clock.moved_by - since.movedBy >= 3_600 && hasLink(known, since),
  },
  {
    title: "Follow a call, and move it on",
    text: "Press Follow at a call under way, and send it. Then Dial, Answer and Hang up: card and thread keep up.",
    points: ".call:has([data-event]) [data-tour='follow']",
    isFirst: true,
    prepare: () => showTab("Calls"),
    isDone: (known, since) =>
      news(known, since).some((message) => message.bot_id !== null && message.thread_ts !== null),
  },
  {
    title: "Follow a whole agent",
    text:
      "Press Follow agent, send it, and press Follow in the answer. Then start a campaign: its calls get cards, " +
      "and when there are too many, one board for them all.",
    points: "[data-tour='follow-agent']",
    isFirst: true,
    prepare: () => showTab("Agents"),
    isDone: (known, since) =>
      known.state.campaign !== null &&
      news(known, since).some((message) => message.bot_id !== null && message.ephemeral_to === null),
  },
  {
    title: "Break something",
    text: "Give Samora an outage, or press kill -9. Move a followed call on, then make it fine again: nothing is lost.",
    points: "[data-tour='weather-samora']",
    prepare: () => showTab("Weather"),
    isDone: (known, since) => since.wasBad && !isBad(known),
  },
];

export type Tour = { step: number; since: Beginning };

export const tour = new Box<Tour | null>(null);

export function startTour(): void {
  remember();
  turnTo(0);
}

export function turnTo(step: number): void {
  STEPS[step]?.prepare();
  tour.set(STEPS[step] ? { step, since: beginning() } : null);
}

export function endTour(): void {
  tour.set(null);
}

/** Notes that something was broken, for the step that wants it whole again. */
export function watchForBreaks(known: Known): void {
  const now = tour.get();
  if (now && !now.since.wasBad && isBad(known)) tour.set({ ...now, since: { ...now.since, wasBad: true } });
}

export function startOnFirstVisit(): void {
  if (window.localStorage.getItem(PLACE) === null) startTour();
}

function remember(): void {
  window.localStorage.setItem(PLACE, "seen");
}

function beginning(): Beginning {
  const { state } = live.snapshot();
  return { ts: (sandboxNow().getTime() / 1000).toFixed(6), movedBy: state.clock.moved_by, wasBad: false };
}

function isBad({ state }: Known): boolean {
  return state.bot.state !== "running" || Object.values(state.weather).some((kind) => kind !== "fine");
}

function hasLink(known: Known, since: Beginning): boolean {
  return news(known, since).some((message) => buttonsOf(message).some((button) => stringAt(button, "url") !== ""));
}

function news(known: Known, since: Beginning): Message[] {
  return [...known.messages.values()].flat().filter((message) => message.ts > since.ts);
}

function buttonsOf(message: Message): Kit[] {
  return message.blocks.flatMap((block) => kitsAt(block, "elements"));
}

function isNamed(words: string): (button: Kit) => boolean {
  return (button) => wordsOf(button.text) === words;
}
