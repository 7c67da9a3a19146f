/** A message and what was answered to it. */

import { closeThread, type ThreadPlace } from "../desk";
import { useShown } from "../live";
import { channelTitle } from "./channel_name";
import { ClosedComposer } from "./closed";
import { Composer } from "./composer";
import { useMessages } from "./conversation";
import { MessageItem } from "./message";
import { Stream } from "./stream";

export function Thread({ place }: { place: ThreadPlace }) {
  const users = useShown((state) => state.users);
  const channel = useShown((state) => state.channels.find((each) => each.id === place.channel));
  const all = useMessages(place.channel);
  const root = all.find((message) => message.ts === place.ts);
  const replies = all.filter((message) => message.thread_ts === place.ts && message.ts !== place.ts);
  const count = replies.filter((message) => message.ephemeral_to === null).length;
  return (
    <section className="pane thread" aria-label="Thread">
      <header className="pane-head">
        <h2>Thread</h2>
        <span className="pane-about">{channel ? channelTitle(channel, users) : ""}</span>
        <button type="button" className="icon-button" aria-label="Close thread" onClick={closeThread}>
          <span aria-hidden="true">✕</span>
        </button>
      </header>
      <Stream label="Messages in the thread" last={replies.at(-1)?.ts ?? ""}>
        {root ? (
          <MessageItem message={root} isInThread />
        ) : (
          <p className="thread-rootless">The message that this thread began with was deleted.</p>
        )}
        <div className="day" role="separator" aria-label="Replies">
          <span>{count === 0 ? "No replies yet" : count === 1 ? "1 reply" : `${count} replies`}</span>
        </div>
        {replies.map((message) => (
          <MessageItem key={message.ts} message={message} isInThread />
        ))}
      </Stream>
      {channel?.is_archived ? (
        <ClosedComposer label="Reply in thread" />
      ) : (
        <Composer channel={place.channel} thread={place.ts} label="Reply in thread" />
      )}
    </section>
  );
}
