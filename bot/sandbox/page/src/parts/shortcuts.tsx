/** The global shortcuts, beside the composer. */

import { troubleWords } from "../kit/trouble";
import { live, useShown } from "../live";
import { note } from "../notes";
import { tell } from "../toasts";
import { Menu } from "./menu";

export function ShortcutsButton({ channel }: { channel: string }) {
  const shortcuts = useShown((state) => state.shortcuts);
  const me = useShown((state) => state.me);
  const items = shortcuts
    .filter((shortcut) => shortcut.type === "global")
    .map((shortcut) => ({
      words: shortcut.name,
      description: shortcut.description,
      choose: async () => {
        const outcome = await live.order({ do: "shortcut", callback_id: shortcut.callback_id });
        if (outcome.refused !== null) tell(outcome.refused, "alert");
        else if (!outcome.ok) note(me, channel, null, `${shortcut.name}: ${troubleWords(outcome)}`);
      },
    }));
  if (items.length === 0) return null;
  return <Menu label="Shortcuts" items={items} className="quiet" face={<span>⚡ Shortcuts</span>} />;
}
