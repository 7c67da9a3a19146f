/** The conversation before the eyes, with its head. */

import { useEffect } from "react";
import { useBox } from "../box";
import { desk, go, HOME } from "../desk";
import { useShown } from "../live";
import type { Channel } from "../protocol";
import { channelName, channelTitle, isWithBot } from "./channel_name";
import { Conversation } from "./conversation";
import { Home } from "./home";
import { Tabs } from "./tabs";

export function Chat() {
  const channels = useShown((state) => state.channels);
  const users = useShown((state) => state.users);
  const me = useShown((state) => state.me);
  const { place } = useBox(desk);
  const withBot = channels.find((each) => isWithBot(each, users));
  const channel = channels.find((each) => each.id === place);
  useSomewhere(channel, channels);
  const tab = place === HOME ? "Home" : "Messages";
  const isApp = place === HOME || (channel !== undefined && channel === withBot);
  return (
    <main className="pane chat">
      <header className="pane-head">
        <h2>{isApp ? "Samora" : channel ? channelTitle(channel, users) : ""}</h2>
        {isApp ? (
          <Tabs
            label="Samora"
            names={withBot ? (["Home", "Messages"] as const) : (["Home"] as const)}
            chosen={tab}
            controls="chat-inside"
            choose={(name) => go(name === "Messages" && withBot ? withBot.id : HOME)}
          />
        ) : (
          channel && <About channel={channel} />
        )}
      </header>
      <div id="chat-inside" className="chat-inside" {...(isApp ? { role: "tabpanel", "aria-label": tab } : {})}>
        {place === HOME ? <Home /> : channel && <Conversation key={`${me}/${channel.id}`} channel={channel} />}
      </div>
    </main>
  );
}

function About({ channel }: { channel: Channel }) {
  const users = useShown((state) => state.users);
  const facts = channel.name
    ? [
        channel.is_private ? "private" : "public",
        ...(channel.is_ext_shared ? ["shared with another organisation"] : []),
        ...(channel.is_archived ? ["archived"] : []),
        channel.has_bot ? "Samora is in" : "without Samora",
      ]
    : [`direct messages with ${channelName(channel, users)}`];
  return <span className="pane-about">{facts.join(" · ")}</span>;
}

/** Whoever is nowhere, or where this person may not be, goes to the first channel. */
function useSomewhere(channel: Channel | undefined, channels: readonly Channel[]): void {
  const { place } = useBox(desk);
  const isNowhere = place !== HOME && channel === undefined;
  const first = channels[0]?.id;
  useEffect(() => {
    if (isNowhere && first !== undefined) desk.set({ ...desk.get(), place: first, thread: null });
  }, [isNowhere, first]);
}
