/** Where one types: completes, and sends at Enter. */

import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { desk, draftKey, type as typeDraft } from "../desk";
import { useBox } from "../box";
import { troubleWords } from "../kit/trouble";
import { live, NOT_CONNECTED, useShown } from "../live";
import { note } from "../notes";
import { tell } from "../toasts";
import { commandOf, completionAt, type Offer } from "./completion";
import { OfferList } from "./offers";
import { ShortcutsButton } from "./shortcuts";

type Props = { channel: string; thread?: string | null; label: string };

const MOST_ROWS = 8;

export function Composer({ channel, thread = null, label }: Props) {
  const state = useShown((shown) => shown);
  const key = draftKey(channel, thread);
  const { drafts, wantsFocus } = useBox(desk);
  const text = drafts[key] ?? "";
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const [caret, setCaret] = useState(0);
  const [active, setActive] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const [waiting, setWaiting] = useState(0);
  const found = dismissed === text ? null : completionAt(text, caret, state, thread === null);
  const command = thread === null ? commandOf(text, state.commands) : undefined;
  const at = found ? Math.min(active, found.offers.length - 1) : 0;

  useEffect(() => {
    const textarea = field.current;
    if (!textarea || wantsFocus?.draft !== key) return;
    textarea.focus();
    textarea.setSelectionRange(textarea.value.length, textarea.value.length);
    desk.set({ ...desk.get(), wantsFocus: null });
  }, [wantsFocus, key]);
  const moveTo = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (moveTo.current === null) return;
    field.current?.setSelectionRange(moveTo.current, moveTo.current);
    setCaret(moveTo.current);
    moveTo.current = null;
  }, [text]);

  const write = (next: string) => {
    setActive(0);
    typeDraft(key, next);
  };
  const accept = (offer: Offer) => {
    if (!found) return;
    moveTo.current = found.from + offer.insert.length;
    write(text.slice(0, found.from) + offer.insert + text.slice(found.to));
  };
  const send = async () => {
    const said = text.trim();
    if (!said) return;
    write("");
    setWaiting((count) => count + 1);
    const outcome = await live.order({ do: "say", channel, text: said, thread_ts: thread });
    setWaiting((count) => count - 1);
    if (outcome.refused !== null || outcome.error === NOT_CONNECTED) {
      tell(troubleWords(outcome), "alert");
      // What was not sent is not lost, unless something else has been begun meanwhile.
      if (!desk.get().drafts[key]) typeDraft(key, said);
    } else if (!outcome.ok) {
      note(state.me, channel, thread, failureWords(said, outcome.error, troubleWords(outcome)));
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isTaken = event.key === "Enter" || event.key === "Tab";
    if (found && step !== undefined) setActive((at + step + found.offers.length) % found.offers.length);
    else if (found && isTaken && !event.shiftKey && found.offers[at]) accept(found.offers[at]);
    else if (found && event.key === "Escape") setDismissed(text);
    else if (event.key === "Enter" && !event.shiftKey) void send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="composer">
      {found && <OfferList id={id} offers={found.offers} active={at} accept={accept} />}
      {!found && command && (
        <p className="usage" id={`${id}-usage`}>
          <code>{command.command}</code> {command.usage_hint}
        </p>
      )}
      <div className="composer-field">
        <textarea
          ref={field}
          rows={Math.min(MOST_ROWS, text.split("\n").length)}
          aria-label={label}
          placeholder={label}
          value={text}
          spellCheck={false}
          autoComplete="off"
          aria-autocomplete="list"
          aria-haspopup="listbox"
          aria-controls={found ? id : undefined}
          aria-activedescendant={found ? `${id}-${at}` : undefined}
          aria-describedby={!found && command ? `${id}-usage` : undefined}
          onChange={(event) => {
            setCaret(event.target.selectionStart);
            write(event.target.value);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
        />
        <div className="composer-tools">
          {thread === null && <ShortcutsButton channel={channel} />}
          <span className="waiting" role="status">
            {waiting > 0 ? "Sending…" : ""}
          </span>
          <button type="button" className="button button-primary" disabled={!text.trim()} onClick={() => void send()}>
            Send
          </button>
        </div>
      </div>
    </div>
  );
}

/** In Slack's own words where it is a command; nobody in Slack hears that an event did not arrive. */
function failureWords(said: string, error: string | null, words: string): string {
  const command = said.split(/\s/)[0] ?? "";
  if (command.startsWith("/")) return `\`${command}\` failed with the error "${error ?? "unknown_error"}"`;
  return `Samora has not heard of this message. ${words}`;
}
