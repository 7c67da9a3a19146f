/** The bot's modals: a stack of which the top one is shown. */

import { type FormEvent, useMemo, useState } from "react";
import { Blocks } from "../kit/blocks";
import { isDrawn } from "../kit/elements";
import { kitsAt, stringAt, wordsOf, kitAt } from "../kit/json";
import { SurfaceProvider } from "../kit/surface";
import { troubleWords } from "../kit/trouble";
import { initialValue, isEmpty, type Value, type Values, valueOfEntry } from "../kit/values";
import { live, useShown } from "../live";
import type { Kit, View } from "../protocol";
import { Dialog } from "./dialog";

export function Modals({ channel }: { channel: string | null }) {
  const views = useShown((state) => state.views);
  return views.map((view, at) => (
    <Modal key={view.id} view={view} isOnTop={at === views.length - 1} channel={channel} />
  ));
}

function Modal({ view, isOnTop, channel }: { view: View; isOnTop: boolean; channel: string | null }) {
  const [typed, setTyped] = useState<Values>({});
  const [missing, setMissing] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const values = useMemo(() => merged(view, typed), [view, typed]);
  const errors = { ...view.errors, ...missing };
  const surface = {
    spot: { view: view.id },
    channel,
    values,
    fill: (block: string, action: string, value: Value) =>
      setTyped((before) => ({ ...before, [block]: { ...before[block], [action]: value } })),
    errors,
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !view.submit) return;
    const found = missingIn(view, values);
    setMissing(found);
    setTrouble("");
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    const outcome = await live.order({ do: "submit", view: view.id, values: answersOf(view, values) });
    setBusy(false);
    const excuse = outcome.refused === null ? "We had some trouble connecting. Try again? " : "";
    if (!outcome.ok) setTrouble(excuse + troubleWords(outcome));
  };
  const close = () => void live.order({ do: "close", view: view.id });
  if (!isOnTop) return null;
  return (
    <Dialog title={wordsOf(view.title) || "Samora"} onClose={close}>
      <form className="dialog-form" noValidate onSubmit={(event) => void submit(event)}>
        <div className="dialog-body">
          {trouble && (
            <p className="dialog-trouble" role="alert">
              <span aria-hidden="true">⚠</span> {trouble}
            </p>
          )}
          <SurfaceProvider value={surface}>
            <Blocks blocks={view.blocks} />
          </SurfaceProvider>
        </div>
        <div className="dialog-foot">
          <button type="button" className="button" onClick={close}>
            {wordsOf(view.close) || (view.submit ? "Cancel" : "Close")}
          </button>
          {view.submit && (
            <button type="submit" className="button button-primary" aria-busy={isBusy} aria-disabled={isBusy}>
              {wordsOf(view.submit)}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

/** What was typed here, over what Slack knows: typing outlives an update as long as the ids stay. */
function merged(view: View, typed: Values): Values {
  const values: Record<string, Record<string, Value>> = {};
  for (const [block, entries] of Object.entries(view.state.values)) {
    for (const [action, entry] of Object.entries(entries)) {
      values[block] = { ...values[block], [action]: valueOfEntry(entry) };
    }
  }
  for (const [block, entries] of Object.entries(typed)) values[block] = { ...values[block], ...entries };
  return values;
}

function inputsOf(view: View): { block: Kit; element: Kit; id: string }[] {
  return kitsAt({ blocks: view.blocks }, "blocks").flatMap((block) => {
    const element = block.type === "input" ? kitAt(block, "element") : null;
    // What is shown as unsupported cannot be filled in, so it must not hold the form up.
    return element && isDrawn(element) ? [{ block, element, id: stringAt(block, "block_id") }] : [];
  });
}

function valueIn(values: Values, id: string, element: Kit): Value {
  const value = values[id]?.[stringAt(element, "action_id")];
  return value === undefined ? initialValue(element) : value;
}

/** What Slack's own form would not send: empty inputs that are needed, and texts that are too short or too long. */
function missingIn(view: View, values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { block, element, id } of inputsOf(view)) {
    const value = valueIn(values, id, element);
    const [least, most] = [element.min_length, element.max_length];
    const length = typeof value === "string" ? value.length : 0;
    if (isEmpty(value)) {
      if (block.optional !== true) found[id] = "Please complete this required field.";
    } else if (typeof least === "number" && length < least) found[id] = `At least ${least} characters, please.`;
    else if (typeof most === "number" && length > most) found[id] = `At most ${most} characters, please.`;
  }
  return found;
}

function answersOf(view: View, values: Values): Record<string, Value> {
  return Object.fromEntries(inputsOf(view).map(({ element, id }) => [id, valueIn(values, id, element)]));
}
