/** The workspace: channels, direct messages, the app. */

import { useBox } from "../box";
import { desk, go, HOME } from "../desk";
import { useKnown, useShown } from "../live";
import type { Channel } from "../protocol";
import { isUnread, readUpTo, useReads } from "../reads";
import { Avatar } from "./avatar";
import { channelName, isWithBot } from "./channel_name";

export function Sidebar() {
  const channels = useShown((state) => state.channels);
  const users = useShown((state) => state.users);
  const me = useShown((state) => state.me);
  const bot = useShown((state) => state.users.find((user) => user.kind === "bot"));
  const { place } = useBox(desk);
  const unread = useUnread(me);
  const named = channels.filter((channel) => channel.name !== "");
  const direct = channels.filter((channel) => channel.name === "");
  const people = direct.filter((channel) => !isWithBot(channel, users));
  const withBot = direct.find((channel) => isWithBot(channel, users));
  return (
    <nav className="pane sidebar" aria-label="Workspace Acme">
      <header className="pane-head">
        <h2>Acme</h2>
      </header>
      <div className="sidebar-lists">
        <List title="Channels">
          {named.map((channel) => (
            <Entry key={channel.id} place={channel.id} unread={unread(channel.id)} isHere={place === channel.id}>
              <span className="sign" aria-hidden="true">
                {channel.is_private ? "◆" : "#"}
              </span>
              <span className="entry-name">{channel.name}</span>
              <Marks channel={channel} />
            </Entry>
          ))}
        </List>
        {people.length > 0 && (
          <List title="Direct messages">
            {people.map((channel) => (
              <Entry key={channel.id} place={channel.id} unread={unread(channel.id)} isHere={place === channel.id}>
                <Avatar id={channel.with ?? ""} isSmall />
                <span className="entry-name">{channelName(channel, users)}</span>
              </Entry>
            ))}
          </List>
        )}
        {bot && (
          <List title="Apps">
            <Entry
              place={HOME}
              unread={withBot ? unread(withBot.id) : 0}
              isHere={place === HOME || place === withBot?.id}
            >
              <Avatar id={bot.id} isSmall />
              <span className="entry-name">Samora</span>
            </Entry>
          </List>
        )}
      </div>
    </nav>
  );
}

function List({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul>{children}</ul>
    </section>
  );
}

type EntryProps = { place: string; unread: number; isHere: boolean; children: React.ReactNode };

function Entry({ place, unread, isHere, children }: EntryProps) {
  return (
    <li>
      <button
        type="button"
        className={unread > 0 ? "entry entry-unread" : "entry"}
        aria-current={isHere ? "page" : undefined}
        onClick={() => go(place)}
      >
        {children}
        {unread > 0 && (
          <span className="count">
            {unread}
            <span className="visually-hidden"> unread</span>
          </span>
        )}
      </button>
    </li>
  );
}

function Marks({ channel }: { channel: Channel }) {
  return (
    <>
      {channel.is_private && <span className="visually-hidden">private</span>}
      {channel.is_ext_shared && (
        <span className="mark" title="Shared with another organisation">
          shared
        </span>
      )}
      {channel.is_archived && <span className="mark">archived</span>}
    </>
  );
}

function useUnread(me: string): (channel: string) => number {
  const messages = useKnown((known) => known.messages);
  useReads();
  return (channel) => {
    const upTo = readUpTo(me, channel);
    return (messages.get(channel) ?? []).filter((message) => isUnread(message, me, upTo)).length;
  };
}
