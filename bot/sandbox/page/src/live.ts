/** The one WebSocket: keeps what the server tells, hands orders over, and comes back by itself when it is cut. */

import { useSyncExternalStore } from "react";
import { type Known, learn, UNKNOWN } from "./known";
import type { Frame, Order, Request, State } from "./protocol";

/** What became of an order: `error` is what Slack shows a person, `refused` a sentence about an order without sense. */
export type Outcome = { ok: boolean; error: string | null; refused: string | null };

/** Errors of this page's own making, beside Slack's. */
export const NO_REPLY = "no_reply";
export const NOT_CONNECTED = "not_connected";

const ORDER_SECONDS = 15;
const LONGEST_PAUSE = 5_000;
const FIRST_PAUSE = 250;

type Waiting = { resolve: (outcome: Outcome) => void; timer: number };

const failed = (error: string): Outcome => ({ ok: false, error, refused: null });

class Live {
  private known: Known = UNKNOWN;
  private readonly listeners = new Set<() => void>();
  private readonly waiting = new Map<number, Waiting>();
  private socket: WebSocket | null = null;
  private lastId = 0;
  private pause = FIRST_PAUSE;
  private person = "";

  readonly snapshot = (): Known => this.known;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Connects, and again whenever it was cut; `begun` hears of each first state, which may be another sandbox's. */
  connect(address: string, begun: () => void): void {
    let isFirst = true;
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.change(learn({ ...this.known, connection: "open" }, { reset: true }));
      // The server begins with its own first person; whoever acted as somebody else goes on as that one.
      if (this.person) void this.order({ do: "be", user: this.person });
    };
    socket.onmessage = (event: MessageEvent<string>) => {
      const frame = JSON.parse(event.data) as Frame;
      this.read(frame);
      if (!isFirst || !("state" in frame)) return;
      isFirst = false;
      begun();
    };
    socket.onclose = () => {
      this.socket = null;
      for (const id of this.waiting.keys()) this.settle(id, failed(NOT_CONNECTED));
      this.change({ ...this.known, connection: "lost" });
      window.setTimeout(() => this.connect(address, begun), this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    };
  }

  /** Hands an order over; always fulfilled, if only with an error. */
  readonly order = (order: Order): Promise<Outcome> => {
    if (order.do === "be") this.person = order.user;
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve(failed(NOT_CONNECTED));
    const id = ++this.lastId;
    const request: Request = { ...order, id };
    return new Promise((resolve) => {
      const timer = window.setTimeout(() => this.settle(id, failed(NO_REPLY)), ORDER_SECONDS * 1000);
      this.waiting.set(id, { resolve, timer });
      socket.send(JSON.stringify(request));
    });
  };

  private read(frame: Frame): void {
    if (!("reply" in frame)) this.change(learn(this.known, frame));
    else if ("refused" in frame) this.settle(frame.reply, { ok: false, error: null, refused: frame.refused });
    else this.settle(frame.reply, { ...frame.result, refused: null });
  }

  private settle(id: number, outcome: Outcome): void {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    window.clearTimeout(waiting.timer);
    waiting.resolve(outcome);
  }

  private change(known: Known): void {
    this.known = known;
    for (const listener of this.listeners) listener();
  }
}

export const live = new Live();

export function liveAddress(page: Location): string {
  const address = new URL("live", page.href);
  address.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/** A part of what is known; drawn anew when it changes, so it must not be made anew at each look. */
export function useKnown<Part>(select: (known: Known) => Part): Part {
  return useSyncExternalStore(live.subscribe, () => select(live.snapshot()));
}

export function useShown<Part>(select: (state: State) => Part): Part {
  return useKnown((known) => select(known.state));
}

/** The sandbox's present: its clock runs like ours, and can be moved forward. */
export function sandboxNow(): Date {
  return new Date(Date.now() + live.snapshot().state.clock.moved_by * 1000);
}
