/** Dates and times, chosen in the browser's own pickers. */

import { Trouble, useNaming } from "./labels";
import { type Placed, useElement } from "./surface";
import { asText } from "./values";

type Kind = "date" | "time" | "datetime-local";

function Picker({ block, element, kind }: Placed & { kind: Kind }) {
  const use = useElement({ block, element });
  const naming = useNaming(element);
  const isMoment = kind === "datetime-local";
  const held = asText(use.value);
  return (
    <span className="pressable">
      <input
        {...naming}
        type={kind}
        className="field"
        aria-busy={use.isBusy}
        autoFocus={element.focus_on_load === true}
        value={isMoment ? localOf(held) : held}
        onChange={(event) => {
          const given = event.target.value;
          void use.change(given === "" ? null : isMoment ? secondsOf(given) : given);
        }}
      />
      <Trouble sentence={use.trouble} />
    </span>
  );
}

export function DatePicker(placed: Placed) {
  return <Picker {...placed} kind="date" />;
}

export function TimePicker(placed: Placed) {
  return <Picker {...placed} kind="time" />;
}

export function DateTimePicker(placed: Placed) {
  return <Picker {...placed} kind="datetime-local" />;
}

/** Slack counts seconds, the browser's picker wants the reader's local time. */
function localOf(seconds: string): string {
  if (seconds === "") return "";
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime())) return "";
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function secondsOf(local: string): string {
  return String(Math.floor(new Date(local).getTime() / 1000));
}
