/** The menu behind three dots. */

import { Menu } from "../parts/menu";
import { kitsAt, stringAt, wordsOf } from "./json";
import { Trouble } from "./labels";
import { openAddress } from "./links";
import { type Placed, useElement } from "./surface";
import { optionValue } from "./values";

export function Overflow({ block, element }: Placed) {
  const use = useElement({ block, element });
  const items = kitsAt(element, "options").map((option) => ({
    words: wordsOf(option.text),
    description: wordsOf(option.description),
    choose: () => {
      const url = stringAt(option, "url");
      if (url) openAddress(url, wordsOf(option.text));
      void use.change(optionValue(option));
    },
  }));
  return (
    <span className="pressable">
      <Menu label="More options" items={items} isBusy={use.isBusy} />
      <Trouble sentence={use.trouble} />
    </span>
  );
}
