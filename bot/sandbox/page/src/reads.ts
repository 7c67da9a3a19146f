/** Up to where each person has read each conversation, for as long as the page lives. */

import { Box, useBox } from "./box";
import { compareTs } from "./known";
import { sandboxNow } from "./live";
import type { Message } from "./protocol";

const reads = new Box<Readonly<Record<string, string>>>({});
let beginning = "";

/** What was there before the page counts as read by everybody. */
function start(): string {
  beginning ||= (sandboxNow().getTime() / 1000).toFixed(6);
  return beginning;
}

export function readUpTo(person: string, channel: string): string {
  return reads.get()[`${person}/${channel}`] ?? start();
}

export function markRead(person: string, channel: string, ts: string): void {
  if (compareTs(ts, readUpTo(person, channel)) <= 0) return;
  reads.set({ ...reads.get(), [`${person}/${channel}`]: ts });
}

export function forgetReads(): void {
  beginning = "";
  reads.set({});
}

export function useReads(): unknown {
  return useBox(reads);
}

/** Whether a message stands in the conversation itself: no reply, unless that is shown in the channel too. */
export function standsInChannel(message: Message): boolean {
  return message.thread_ts === null || message.thread_ts === message.ts || message.reply_broadcast;
}

export function isUnread(message: Message, person: string, upTo: string): boolean {
  return standsInChannel(message) && message.user !== person && compareTs(message.ts, upTo) > 0;
}
