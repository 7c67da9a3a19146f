/** What Slack itself says to one person beside the messages: that a command failed. Local, and soon forgotten. */

import { Box } from "./box";
import { sandboxNow } from "./live";
import type { Message } from "./protocol";

export const NOTE_TAKER = "workspace";
const MOST = 50;

export const notes = new Box<readonly Message[]>([]);

export function note(me: string, channel: string, thread: string | null, text: string): void {
  const written: Message = {
    channel,
    ts: (sandboxNow().getTime() / 1000).toFixed(6),
    user: NOTE_TAKER,
    text,
    bot_id: null,
    blocks: [],
    attachments: [],
    thread_ts: thread,
    reply_broadcast: false,
    ephemeral_to: me,
    edited: 0,
  };
  notes.set([...notes.get(), written].slice(-MOST));
}
