/** A channel or a direct conversation: its messages, and where one types. */

import { Fragment, useEffect, useMemo, useState } from "react";
import { useBox } from "../box";
import { dayWords, daysBetween } from "../kit/dates";
import { compareTs, momentOf } from "../known";
import { sandboxNow, useKnown, useShown } from "../live";
import { notes } from "../notes";
import type { Channel, Message } from "../protocol";
import { isUnread, markRead, readUpTo, standsInChannel } from "../reads";
import { channelTitle } from "./channel_name";
import { ClosedComposer } from "./closed";
import { Composer } from "./composer";
import { MessageItem } from "./message";
import { Stream } from "./stream";

const CLOSE_SECONDS = 180;
const NO_MESSAGES: readonly Message[] = [];

export function Conversation({ channel }: { channel: Channel }) {
  const me = useShown((state) => state.me);
  const users = useShown((state) => state.users);
  const all = useMessages(channel.id);
  const shown = useMemo(() => all.filter(standsInChannel), [all]);
  const threads = useMemo(() => threadsOf(all), [all]);
  const last = shown.at(-1)?.ts ?? "";
  const firstNew = useFirstNew(channel.id, shown);
  const title = channelTitle(channel, users);
  return (
    <>
      <Stream label={`Messages in ${title}`} last={last} onEnd={() => markRead(me, channel.id, last)}>
        <Beginning channel={channel} title={title} />
        {shown.map((message, at) => {
          const before = shown[at - 1];
          const isNewDay = !before || daysBetween(momentOf(before.ts), momentOf(message.ts)) !== 0;
          const isNew = message.ts === firstNew;
          const thread = threads.get(message.ts);
          return (
            <Fragment key={message.ts}>
              {isNewDay && <Divider words={dayWords(momentOf(message.ts), sandboxNow())} />}
              {isNew && <Divider words="New" isNew />}
              <MessageItem
                message={message}
                isContinued={!isNewDay && !isNew && before !== undefined && follows(before, message)}
                replies={thread?.count ?? 0}
                {...(thread ? { lastReply: thread.last } : {})}
              />
            </Fragment>
          );
        })}
      </Stream>
      {channel.is_archived ? (
        <ClosedComposer label={`Message ${title}`} />
      ) : (
        <Composer channel={channel.id} label={`Message ${title}`} />
      )}
    </>
  );
}

const ALL = "9999999999.999999";
const SOON = 400; // milliseconds

/** The message below the "New" line: the first unread one when the conversation was opened, or the page hidden. */
function useFirstNew(channel: string, shown: readonly Message[]): string | undefined {
  const me = useShown((state) => state.me);
  const [wasRead, setWasRead] = useState(() => readUpTo(me, channel));
  const firstNew = shown.find((message) => isUnread(message, me, wasRead))?.ts;
  useEffect(() => {
    // Through somebody else's eyes the messages come only after the conversation is opened.
    const timer = window.setTimeout(() => {
      if (firstNew === undefined) setWasRead(ALL);
    }, SOON);
    return () => window.clearTimeout(timer);
  }, [firstNew]);
  useEffect(() => {
    const hide = () => {
      if (document.visibilityState === "hidden") setWasRead(readUpTo(me, channel));
    };
    document.addEventListener("visibilitychange", hide);
    return () => document.removeEventListener("visibilitychange", hide);
  }, [me, channel]);
  return firstNew;
}

/** All of a channel's messages, those that only this page has included. */
export function useMessages(channel: string): readonly Message[] {
  const written = useKnown((known) => known.messages.get(channel) ?? NO_MESSAGES);
  const local = useBox(notes);
  const me = useShown((state) => state.me);
  return useMemo(() => {
    const mine = local.filter((each) => each.channel === channel && each.ephemeral_to === me);
    return mine.length === 0 ? written : [...written, ...mine].sort((one, other) => compareTs(one.ts, other.ts));
  }, [written, local, channel, me]);
}

function threadsOf(messages: readonly Message[]): Map<string, { count: number; last: string }> {
  const threads = new Map<string, { count: number; last: string }>();
  for (const { ts, thread_ts, ephemeral_to } of messages) {
    if (thread_ts === null || thread_ts === ts || ephemeral_to !== null) continue;
    threads.set(thread_ts, { count: (threads.get(thread_ts)?.count ?? 0) + 1, last: ts });
  }
  return threads;
}

function follows(before: Message, message: Message): boolean {
  const isSame = before.user === message.user && before.ephemeral_to === message.ephemeral_to;
  const isPlain = !message.reply_broadcast && message.ephemeral_to === null;
  return isSame && isPlain && Number(message.ts) - Number(before.ts) < CLOSE_SECONDS;
}

function Divider({ words, isNew = false }: { words: string; isNew?: boolean }) {
  return (
    <div className={isNew ? "day day-new" : "day"} role="separator" aria-label={words}>
      <span>{words}</span>
    </div>
  );
}

function Beginning({ channel, title }: { channel: Channel; title: string }) {
  const words = channel.name
    ? channel.has_bot
      ? "This is the beginning of the channel. Try /samora-call with the id of a call from the panel."
      : "This is the beginning of the channel. Samora is not in it, but its command works all the same."
    : "This is the beginning of your conversation.";
  return (
    <div className="beginning">
      <h3>{title}</h3>
      <p>{words}</p>
    </div>
  );
}
