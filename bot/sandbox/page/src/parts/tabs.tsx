/** A row of tabs, by the ARIA pattern: one stop for Tab, arrows in between. */

import type { KeyboardEvent } from "react";

type Props<Name extends string> = {
  label: string;
  names: readonly Name[];
  chosen: Name;
  choose: (name: Name) => void;
  /** The id of what the tabs change. */
  controls: string;
  marks?: Partial<Record<Name, string>>;
};

export function Tabs<Name extends string>({ label, names, chosen, choose, controls, marks }: Props<Name>) {
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = names.indexOf(chosen);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    const next = to === undefined ? undefined : names.at(to % names.length);
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
    event.currentTarget.querySelectorAll("button")[names.indexOf(next)]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          aria-controls={controls}
          tabIndex={name === chosen ? 0 : -1}
          data-tour={`tab-${name}`}
          onClick={() => choose(name)}
        >
          {name}
          {marks?.[name] && <span className="tab-mark">{marks[name]}</span>}
        </button>
      ))}
    </div>
  );
}
