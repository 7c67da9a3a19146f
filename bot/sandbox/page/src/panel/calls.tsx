/** The company's calls: to be looked up and followed over there, and moved on here. */

import { useMemo, useState } from "react";
import { compose } from "../desk";
import { useShown } from "../live";
import { copyText } from "../parts/message_tools";
import type { Call, CallEvent } from "../protocol";
import { give } from "./deeds";
import { statusClass, statusWords } from "./statuses";

const EVENTS: Readonly<Record<CallEvent, string>> = {
  trigger: "Dial",
  answer: "Answer",
  no_answer: "No answer",
  reject: "Reject",
  hang_up: "Hang up",
  recording_ready: "Recording ready",
  transcript_ready: "Transcript ready",
};

export function Calls() {
  const calls = useShown((state) => state.calls);
  const [wanted, setWanted] = useState("");
  const found = useMemo(() => sorted(calls).filter((call) => fits(call, wanted)), [calls, wanted]);
  const open = found.filter((call) => !isOver(call));
  const over = found.filter(isOver);
  return (
    <div className="calls">
      <div className="panel-tools">
        <input
          type="search"
          className="field"
          aria-label="Search calls"
          placeholder="Search by name, status, agent or id"
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
        <button
          type="button"
          className="button button-primary"
          onClick={() => void give({ do: "add_call" }, "A new call.")}
        >
          New call
        </button>
      </div>
      <Group title="Under way" calls={open} />
      <Group title="Over" calls={over} />
      {found.length === 0 && <p className="panel-empty">No call fits.</p>}
    </div>
  );
}

function Group({ title, calls }: { title: string; calls: readonly Call[] }) {
  if (calls.length === 0) return null;
  return (
    <section aria-label={title}>
      <h3 className="panel-title">
        {title} <span>{calls.length}</span>
      </h3>
      <ul className="call-list">
        {calls.map((call) => (
          <Entry key={call.call_id} call={call} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ call }: { call: Call }) {
  const short = call.call_id.slice(0, 8);
  const status = statusWords(call.status);
  return (
    <li className="call" aria-label={`Call ${short}, ${status}`} data-call={call.call_id}>
      <div className="call-head">
        <strong dir="auto">{call.who || "Somebody"}</strong>
        <span className={statusClass(call.status)}>{status}</span>
      </div>
      <div className="call-facts">
        <span>{call.agent_name}</span>
        <code title={call.call_id}>{short}</code>
        {call.has_recording && <Media words="Recording" sign="♪" />}
        {call.has_transcript && <Media words="Transcript" sign="¶" />}
      </div>
      <div className="call-tools">
        {call.events.map((event) => (
          <button
            key={event}
            type="button"
            className="button button-small"
            aria-label={`${EVENTS[event]}, call ${short}`}
            data-event={event}
            onClick={() => void give({ do: "move_call", call_id: call.call_id, event })}
          >
            {EVENTS[event]}
          </button>
        ))}
        <Quiet words="Look up" short={short} act={() => compose(`/samora-call ${call.call_id}`)} />
        <Quiet words="Follow" short={short} act={() => compose(`/samora-call subscribe ${call.call_id}`)} />
        <Quiet words="Copy id" short={short} act={() => void copyText(call.call_id)} />
      </div>
    </li>
  );
}

function Quiet({ words, short, act }: { words: string; short: string; act: () => void }) {
  return (
    <button
      type="button"
      className="link call-link"
      aria-label={`${words}, call ${short}`}
      data-tour={words === "Look up" ? "look-up" : words === "Follow" ? "follow" : undefined}
      onClick={act}
    >
      {words}
    </button>
  );
}

function Media({ words, sign }: { words: string; sign: string }) {
  return (
    <span className="media" role="img" aria-label={words} title={words}>
      {sign}
    </span>
  );
}

function sorted(calls: readonly Call[]): Call[] {
  return [...calls].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
}

/** What is over may still get its recording and transcript. */
function isOver(call: Call): boolean {
  return call.events.every((event) => event === "recording_ready" || event === "transcript_ready");
}

function fits(call: Call, wanted: string): boolean {
  const words = [call.who, call.status, statusWords(call.status), call.agent_name, call.call_id]
    .join(" ")
    .toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word));
}
