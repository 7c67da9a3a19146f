/** Boxes to tick and radio buttons. */

import { useId } from "react";
import type { Kit } from "../protocol";
import { kitsAt } from "./json";
import { Trouble } from "./labels";
import { type Placed, useElement } from "./surface";
import { TextObject } from "./text";
import { asList, asText, optionValue } from "./values";

export function Checkboxes({ block, element }: Placed) {
  const use = useElement({ block, element });
  const chosen = asList(use.value);
  const options = kitsAt(element, "options");
  const toggle = (value: string, isOn: boolean) => {
    const next = isOn ? [...chosen, value] : chosen.filter((each) => each !== value);
    // In the options' order, whichever was ticked first.
    void use.change(options.map(optionValue).filter((each) => next.includes(each)));
  };
  return (
    <div className="choices" aria-busy={use.isBusy}>
      {options.map((option) => {
        const value = optionValue(option);
        return (
          <Choice key={value} option={option}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={(event) => toggle(value, event.target.checked)}
            />
          </Choice>
        );
      })}
      <Trouble sentence={use.trouble} />
    </div>
  );
}

export function RadioButtons({ block, element }: Placed) {
  const use = useElement({ block, element });
  const name = useId();
  return (
    <div className="choices" role="radiogroup" aria-busy={use.isBusy}>
      {kitsAt(element, "options").map((option) => {
        const value = optionValue(option);
        return (
          <Choice key={value} option={option}>
            <input
              type="radio"
              name={name}
              checked={asText(use.value) === value}
              onChange={() => void use.change(value)}
            />
          </Choice>
        );
      })}
      <Trouble sentence={use.trouble} />
    </div>
  );
}

function Choice({ option, children }: { option: Kit; children: React.ReactNode }) {
  return (
    <label className="choice">
      {children}
      <span>
        <TextObject text={option.text} />
        {option.description !== undefined && (
          <small>
            <TextObject text={option.description} />
          </small>
        )}
      </span>
    </label>
  );
}
