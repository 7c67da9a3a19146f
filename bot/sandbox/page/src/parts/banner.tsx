/** What is out of the ordinary: no connection, no bot, bad weather. */

import { showTab } from "../desk";
import { useKnown, useShown } from "../live";
import type { Weather, WebhookWeather } from "../protocol";

const NAMES = { slack: "Slack", samora: "Samora" } as const;

const WORDS: Readonly<Record<Exclude<Weather, "fine">, string>> = {
  outage: "has an outage",
  throttling: "throttles the bot",
  slow: "is slow",
  "lost answers": "loses its answers",
};

const OF_WEBHOOKS: Readonly<Record<Exclude<WebhookWeather, "fine">, string>> = {
  lost: "get lost",
  doubled: "come twice",
  reordered: "come in a wrong order",
  off: "don't come",
};

export function Banner() {
  const connection = useKnown((known) => known.connection);
  const isFilled = useKnown((known) => known.isFilled);
  const weather = useShown((state) => state.weather);
  const bot = useShown((state) => state.bot);
  const sentences: string[] = [];
  if (bot.state === "stopped") {
    sentences.push(`The bot is stopped${bot.exit_code === null ? "" : ` (exit code ${bot.exit_code})`}`);
  }
  if (bot.state === "starting") sentences.push("The bot is starting");
  for (const neighbour of ["slack", "samora"] as const) {
    const now = weather[neighbour];
    if (now !== "fine") sentences.push(`${NAMES[neighbour]} ${WORDS[now] ?? now}`);
  }
  if (weather.webhooks !== "fine") sentences.push(`Webhooks ${OF_WEBHOOKS[weather.webhooks]}`);
  return (
    <div className="banners">
      {connection === "lost" && (
        <p className="banner banner-lost" role="alert">
          Connection lost, trying again…
        </p>
      )}
      {isFilled && connection !== "lost" && sentences.length > 0 && (
        <p className="banner" role="status">
          <span>{sentences.join(" · ")}</span>
          <button type="button" className="link" onClick={() => showTab("Weather")}>
            Change
          </button>
        </p>
      )}
    </div>
  );
}
