/** Buttons of all kinds. */

import { kitAt, stringAt, wordsOf } from "./json";
import { Trouble } from "./labels";
import { type Placed, useElement, type Use } from "./surface";

type Look = { words: string; spoken: string; style?: string; icon?: string };

function Press({ use, look, press }: { use: Use; look: Look; press?: () => void }) {
  const styles = ["button", look.style && `button-${look.style}`, use.trouble !== null && "button-troubled"];
  return (
    <button
      type="button"
      className={styles.filter(Boolean).join(" ")}
      aria-label={look.spoken || undefined}
      title={look.icon ? look.words : undefined}
      aria-busy={use.isBusy}
      aria-disabled={use.isBusy}
      onClick={() => {
        if (use.isBusy) return;
        if (press) press();
        else void use.press();
      }}
    >
      {look.icon ? <span aria-hidden="true">{look.icon}</span> : <span className="button-words">{look.words}</span>}
    </button>
  );
}

export function Button({ block, element }: Placed) {
  const use = useElement({ block, element });
  const style = stringAt(element, "style");
  const look = {
    words: wordsOf(element.text),
    spoken: stringAt(element, "accessibility_label"),
    ...(style === "primary" || style === "danger" ? { style } : {}),
  };
  return (
    <span className="pressable">
      <Press use={use} look={look} />
      <Trouble sentence={use.trouble} />
    </span>
  );
}

export function IconButton({ block, element }: Placed) {
  const use = useElement({ block, element });
  const words = wordsOf(element.text);
  const icon = stringAt(element, "icon") === "trash" ? { icon: "🗑" } : {};
  return (
    <span className="pressable">
      <Press use={use} look={{ words, spoken: stringAt(element, "accessibility_label") || words, ...icon }} />
      <Trouble sentence={use.trouble} />
    </span>
  );
}

/** Slack tells which of the two was pressed by its value. */
export function FeedbackButtons({ block, element }: Placed) {
  const use = useElement({ block, element });
  const buttons = ["positive_button", "negative_button"].map((name) => kitAt(element, name));
  return (
    <span className="pressable">
      {buttons.map((button, at) => {
        if (!button) return null;
        const spoken = stringAt(button, "accessibility_label");
        const press = () => void use.dispatch(stringAt(button, "value"));
        return <Press key={at} use={use} look={{ words: wordsOf(button.text), spoken }} press={press} />;
      })}
      <Trouble sentence={use.trouble} />
    </span>
  );
}
