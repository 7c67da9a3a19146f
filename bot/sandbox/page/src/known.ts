/** What the page knows, and how each frame changes it. Pure. */

import type { Exchange, Frame, Message, State } from "./protocol";

export type Known = {
  connection: "connecting" | "open" | "lost";
  /** Whether a state has ever arrived; before, there is nothing to show. */
  isFilled: boolean;
  state: State;
  /** By channel, oldest first. */
  messages: ReadonlyMap<string, readonly Message[]>;
  /** Newest first. */
  traffic: readonly Exchange[];
  /** Oldest first. */
  lines: readonly string[];
};

/** More than that nobody reads, and the page is to stay quick. */
export const MOST_KEPT = 500;

const NOTHING: State = {
  me: "",
  users: [],
  groups: [],
  channels: [],
  views: [],
  home: null,
  calls: [],
  agents: [],
  campaign: null,
  clock: { moved_by: 0 },
  weather: { slack: "fine", samora: "fine", webhooks: "fine" },
  bot: { state: "starting", exit_code: null },
  commands: [],
  shortcuts: [],
  addresses: { slack: "", samora: "" },
};

export const UNKNOWN: Known = {
  connection: "connecting",
  isFilled: false,
  state: NOTHING,
  messages: new Map(),
  traffic: [],
  lines: [],
};

export function learn(known: Known, frame: Frame): Known {
  if ("state" in frame) return { ...known, isFilled: true, state: { ...known.state, ...frame.state } };
  if ("messages" in frame) return { ...known, messages: withMessages(known.messages, frame.messages) };
  if ("gone" in frame) return { ...known, messages: withoutMessages(known.messages, frame.gone) };
  if ("traffic" in frame) {
    return { ...known, traffic: [...[...frame.traffic].reverse(), ...known.traffic].slice(0, MOST_KEPT) };
  }
  if ("lines" in frame) return { ...known, lines: [...known.lines, ...frame.lines].slice(-MOST_KEPT) };
  if ("reset" in frame) return forget(known);
  return known;
}

/**
 * Somebody else's eyes. The next frame brings the whole state, so what is drawn around the messages may stay until
 * then: otherwise the page would flash, and the composer lose the focus.
 */
function forget(known: Known): Known {
  const state = { ...known.state, views: [], home: null };
  return { ...known, state, messages: new Map(), traffic: [], lines: [] };
}

function withMessages(known: Known["messages"], news: readonly Message[]): Known["messages"] {
  const all = new Map(known);
  for (const [channel, added] of byChannel(news)) {
    const byTs = new Map((all.get(channel) ?? []).map((message) => [message.ts, message]));
    for (const message of added) byTs.set(message.ts, message);
    all.set(
      channel,
      [...byTs.values()].sort((one, other) => compareTs(one.ts, other.ts)),
    );
  }
  return all;
}

function withoutMessages(
  known: Known["messages"],
  gone: readonly { channel: string; ts: string }[],
): Known["messages"] {
  const all = new Map(known);
  for (const { channel, ts } of gone) {
    all.set(
      channel,
      (all.get(channel) ?? []).filter((message) => message.ts !== ts),
    );
  }
  return all;
}

/** A ts is "seconds.micros": the seconds have as many digits everywhere, so text order is time's order. */
export function compareTs(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function momentOf(ts: string): Date {
  return new Date(Number(ts) * 1000);
}

function byChannel(messages: readonly Message[]): Map<string, Message[]> {
  const found = new Map<string, Message[]>();
  for (const message of messages) {
    const there = found.get(message.channel);
    if (there) there.push(message);
    else found.set(message.channel, [message]);
  }
  return found;
}
