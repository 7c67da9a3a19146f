/** What goes between the bot and its neighbours, newest first. */

import { useState } from "react";
import { useKnown } from "../live";
import type { Exchange, Json } from "../protocol";

const FILTERS = ["All", "Slack", "Samora"] as const;
type Filter = (typeof FILTERS)[number];

const NAMES = { bot: "bot", slack: "Slack", samora: "Samora" } as const;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function Traffic() {
  const coming = useKnown((known) => known.traffic);
  const [filter, setFilter] = useState<Filter>("All");
  const [held, setHeld] = useState<readonly Exchange[] | null>(null);
  const neighbour = filter.toLowerCase();
  const shown = (held ?? coming).filter(
    (each) => filter === "All" || each.sender === neighbour || each.receiver === neighbour,
  );
  const missed = held ? coming.filter((each) => each.number > (held[0]?.number ?? 0)).length : 0;
  return (
    <div className="traffic">
      <div className="panel-tools">
        <div className="segments" role="group" aria-label="Neighbour">
          {FILTERS.map((name) => (
            <button key={name} type="button" aria-pressed={filter === name} onClick={() => setFilter(name)}>
              {name}
            </button>
          ))}
        </div>
        <button
          type="button"
          className="button"
          aria-pressed={held !== null}
          onClick={() => setHeld(held ? null : coming)}
        >
          {held ? `Resume${missed ? ` (${missed})` : ""}` : "Pause"}
        </button>
      </div>
      {shown.length === 0 && <p className="panel-empty">Nothing has gone over the wires yet.</p>}
      <ul className="exchanges">
        {shown.map((exchange) => (
          <Row key={exchange.number} exchange={exchange} />
        ))}
      </ul>
    </div>
  );
}

function Row({ exchange }: { exchange: Exchange }) {
  const [isOpen, setOpen] = useState(false);
  const { sender, receiver, what, status, error } = exchange;
  const look = status === null ? "cut" : status >= 400 || error !== null ? "bad" : "good";
  return (
    <li className="exchange">
      <button type="button" className="exchange-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <time dateTime={exchange.at}>{clock.format(new Date(exchange.at))}</time>
        <span className="exchange-way">
          {NAMES[sender]} → {NAMES[receiver]}
        </span>
        <span className={`exchange-status exchange-${look}`}>{status ?? "cut"}</span>
        <span className="exchange-what">
          {what}
          {error && <em> {error}</em>}
        </span>
      </button>
      {isOpen && (
        <div className="exchange-inside">
          <Pretty title="Request" json={exchange.request} />
          <Pretty title="Answer" json={exchange.answer} />
        </div>
      )}
    </li>
  );
}

function Pretty({ title, json }: { title: string; json: Json }) {
  return (
    <>
      <h4>{title}</h4>
      {json === null || json === "" ? (
        <p className="panel-empty">Nothing.</p>
      ) : (
        <pre tabIndex={0}>{typeof json === "string" ? json : JSON.stringify(json, null, 2)}</pre>
      )}
    </>
  );
}
