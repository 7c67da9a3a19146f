/** What goes wrong, when, and for whom. */

import { type ReactNode, useEffect, useState } from "react";
import { useBox } from "../box";
import { desk } from "../desk";
import { sandboxNow, useShown } from "../live";
import { channelTitle } from "../parts/channel_name";
import type { Order, State, Weather, WebhookWeather } from "../protocol";
import { give } from "./deeds";

type Kind = Weather | WebhookWeather;
type Choice = readonly [kind: Kind, name: string, words: string];

const FINE: Choice = ["fine", "Fine", "Everything works."];

const SLACK: readonly Choice[] = [
  FINE,
  ["outage", "Outage", "Every request gets 503."],
  ["throttling", "Throttling", "429: try again in 5 seconds."],
  ["slow", "Slow", "Each answer takes 2 seconds."],
  ["lost answers", "Lost answers", "It does what it is asked, and the answer is lost."],
];

const SAMORA: readonly Choice[] = [
  FINE,
  ["outage", "Outage", "Every look at a call gets 503."],
  ["throttling", "Throttling", "429: try again in 5 seconds."],
  ["slow", "Slow", "Each answer takes 5 seconds."],
  ["lost answers", "Lost answers", "The connection is cut instead of an answer."],
];

const WEBHOOKS: readonly Choice[] = [
  FINE,
  ["lost", "Lost", "One in three never comes."],
  ["doubled", "Doubled", "Each comes twice."],
  ["reordered", "Reordered", "Each second one overtakes the one before."],
  ["off", "Off", "None comes: the bot has to look by itself."],
];

export function WeatherTab() {
  return (
    <div className="weather">
      <Of of="slack" title="Slack" kinds={SLACK} />
      <Of of="samora" title="Samora" kinds={SAMORA} />
      <Of of="webhooks" title="Webhooks" kinds={WEBHOOKS} />
      <Clock />
      <Process />
      <Here />
    </div>
  );
}

function Of({ of, title, kinds }: { of: keyof State["weather"]; title: string; kinds: readonly Choice[] }) {
  const now: Kind = useShown((state) => state.weather[of]);
  // What was chosen is shown at once, and what is true as soon as the server has said so.
  const [wanted, setWanted] = useState<Kind | null>(null);
  const change = async (kind: Kind) => {
    setWanted(kind);
    if (!(await give({ do: "weather", of, to: kind }))) setWanted(null);
  };
  useEffect(() => setWanted(null), [now]);
  return (
    <fieldset className="box" data-tour={`weather-${of}`} aria-busy={wanted !== null && wanted !== now}>
      <legend>{title}</legend>
      {kinds.map(([kind, name, words]) => (
        <label key={kind} className="choice">
          <input
            type="radio"
            name={`weather-${of}`}
            checked={(wanted ?? now) === kind}
            onChange={() => void change(kind)}
          />
          <span>
            {name}
            <small>{words}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const LEAPS: readonly (readonly [string, number])[] = [
  ["+1 minute", 60],
  ["+60 minutes", 3_600],
];

function Clock() {
  const movedBy = useShown((state) => state.clock.moved_by);
  const [now, setNow] = useState(sandboxNow);
  useEffect(() => {
    setNow(sandboxNow());
    const timer = window.setInterval(() => setNow(sandboxNow()), 1000);
    return () => window.clearInterval(timer);
  }, [movedBy]);
  const form = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <Box title="Clock">
      <p className="clock">
        <time dateTime={now.toISOString()}>{form.format(now)}</time>
        {movedBy > 0 && <small>{aheadWords(movedBy)} ahead of your clock</small>}
      </p>
      <div className="row" data-tour="clock">
        {LEAPS.map(([words, seconds]) => (
          <button key={words} type="button" className="button" onClick={() => void give({ do: "advance", seconds })}>
            {words}
          </button>
        ))}
      </div>
      <p className="hint">
        Slack and Samora live by this clock: links to recordings and transcripts die after 60 minutes. The bot itself lives
        by the real one, so what it does of itself after a time doesn't come sooner.
      </p>
    </Box>
  );
}

function aheadWords(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [hours ? `${hours} h` : "", rest || !hours ? `${rest} min` : ""].filter(Boolean).join(" ");
}

function Process() {
  const bot = useShown((state) => state.bot);
  const isStopped = bot.state === "stopped";
  const words = { running: "Running", starting: "Starting…", stopped: "Stopped" }[bot.state];
  const deeds: readonly (readonly [string, "kill" | "stop" | "start", boolean])[] = [
    ["kill -9", "kill", isStopped],
    ["Stop", "stop", isStopped],
    ["Start", "start", !isStopped],
  ];
  return (
    <Box title="Bot process">
      <p className="process" role="status">
        <span className={`light light-${bot.state}`} aria-hidden="true" /> {words}
        {bot.exit_code !== null && <small>exit code {bot.exit_code}</small>}
      </p>
      <div className="row" data-tour="process">
        {deeds.map(([name, what, isIdle]) => (
          <button
            key={what}
            type="button"
            className={what === "kill" ? "button button-danger" : "button"}
            disabled={isIdle}
            onClick={() => void give({ do: "process", what })}
          >
            {name}
          </button>
        ))}
      </div>
      <p className="hint">What it has promised is in its database, and done once it is back.</p>
    </Box>
  );
}

function Here() {
  const { place } = useBox(desk);
  const users = useShown((state) => state.users);
  const channel = useShown((state) => state.channels.find((each) => each.id === place));
  if (!channel?.name) return null;
  const deeds: readonly (readonly [string, Order])[] = [
    channel.is_archived
      ? ["Unarchive", { do: "unarchive", channel: channel.id }]
      : ["Archive", { do: "archive", channel: channel.id }],
    channel.has_bot
      ? ["Remove Samora", { do: "kick_bot", channel: channel.id }]
      : ["Invite Samora", { do: "invite_bot", channel: channel.id }],
  ];
  return (
    <Box title={`Channel ${channelTitle(channel, users)}`}>
      <div className="row">
        {deeds.map(([words, order]) => (
          <button key={words} type="button" className="button" onClick={() => void give(order)}>
            {words}
          </button>
        ))}
      </div>
    </Box>
  );
}

function Box({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="box" aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
