/** One message with all that hangs on it. */

import { memo, useMemo, useState } from "react";
import { Attachment } from "../kit/attachments";
import { Blocks } from "../kit/blocks";
import { momentWords, timeWords } from "../kit/dates";
import { SurfaceProvider } from "../kit/surface";
import { Mrkdwn } from "../kit/text";
import { Guarded, Unsupported } from "../kit/unsupported";
import type { Value, Values } from "../kit/values";
import { openThread } from "../desk";
import { momentOf } from "../known";
import { useShown } from "../live";
import { NOTE_TAKER } from "../notes";
import type { Message } from "../protocol";
import { Avatar } from "./avatar";
import { MessageTools } from "./message_tools";

type Props = {
  message: Message;
  /** Follows one of the same person closely, so that name and face need not be said again. */
  isContinued?: boolean;
  /** How many replies hang on it; none are shown in the thread itself. */
  replies?: number;
  lastReply?: string;
  /** For a reply in the channel: what it answers. */
  isInThread?: boolean;
};

export const MessageItem = memo(function MessageItem(props: Props) {
  const { message, isContinued = false, replies = 0, lastReply, isInThread = false } = props;
  const user = useShown((state) => state.users.find((each) => each.id === message.user));
  const isNote = message.user === NOTE_TAKER;
  const isEphemeral = message.ephemeral_to !== null;
  const name = isNote ? "Workspace" : (user?.name ?? message.user);
  const moment = momentOf(message.ts);
  const isBroadcast = message.reply_broadcast && !isInThread;
  const className = `message${isContinued ? " message-continued" : ""}${isEphemeral ? " message-ephemeral" : ""}`;
  return (
    <article className={className} aria-label={`${name}, ${timeWords(moment)}`} data-ts={message.ts}>
      <div className="message-face">
        {isContinued ? <time className="message-time-aside">{timeWords(moment)}</time> : <Avatar id={message.user} />}
      </div>
      <div className="message-main">
        {isEphemeral && (
          <p className="message-aside">
            <span aria-hidden="true">◉</span> Only visible to you
          </p>
        )}
        {isBroadcast && (
          <p className="message-aside">
            <button
              type="button"
              className="link"
              onClick={() => openThread({ channel: message.channel, ts: message.thread_ts ?? message.ts })}
            >
              Replied to a thread
            </button>
          </p>
        )}
        <p className={isContinued ? "message-head visually-hidden" : "message-head"}>
          <strong>{name}</strong>
          {(message.bot_id !== null || user?.kind === "bot") && <span className="badge">App</span>}
          <time dateTime={moment.toISOString()} title={momentWords(moment)}>
            {timeWords(moment)}
          </time>
        </p>
        <Body message={message} />
        {replies > 0 && !isInThread && (
          <button
            type="button"
            className="replies"
            onClick={() => openThread({ channel: message.channel, ts: message.ts })}
          >
            <strong>{replies === 1 ? "1 reply" : `${replies} replies`}</strong>
            {lastReply && <span> Last at {timeWords(momentOf(lastReply))}</span>}
          </button>
        )}
      </div>
      {!isNote && <MessageTools message={message} isInThread={isInThread} />}
    </article>
  );
});

function Body({ message }: { message: Message }) {
  const [values, setValues] = useState<Values>({});
  const surface = useMemo(
    () => ({
      spot: { message: { channel: message.channel, ts: message.ts } },
      channel: message.channel,
      values,
      fill: (block: string, action: string, value: Value) =>
        setValues((before) => ({ ...before, [block]: { ...before[block], [action]: value } })),
      errors: {},
    }),
    [message.channel, message.ts, values],
  );
  const hasBlocks = message.blocks.length > 0;
  const isNothing = !hasBlocks && !message.text && message.attachments.length === 0;
  return (
    <SurfaceProvider value={surface}>
      <div className="message-body" dir="auto">
        {hasBlocks && <Blocks blocks={message.blocks} />}
        {!hasBlocks && message.text && (
          <Guarded what={message.text} as="text">
            <Mrkdwn text={message.text} />
          </Guarded>
        )}
        {message.attachments.map((attachment, at) => (
          <Guarded key={at} what={attachment} as="attachment">
            <Attachment attachment={attachment} />
          </Guarded>
        ))}
        {isNothing && <Unsupported what={message} as="message without content" />}
        {message.edited > 0 && <span className="edited">(edited)</span>}
      </div>
    </SurfaceProvider>
  );
}
