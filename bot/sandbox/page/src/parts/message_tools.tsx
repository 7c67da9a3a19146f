/** What can be done with a message: answer it, and the menu with the app's shortcuts. */

import { troubleWords } from "../kit/trouble";
import { openThread } from "../desk";
import { live, type Outcome, useShown } from "../live";
import type { Message } from "../protocol";
import { note } from "../notes";
import { tell } from "../toasts";
import { Menu } from "./menu";

export function MessageTools({ message, isInThread }: { message: Message; isInThread: boolean }) {
  const shortcuts = useShown((state) => state.shortcuts);
  const me = useShown((state) => state.me);
  const { channel, ts } = message;
  const isEphemeral = message.ephemeral_to !== null;
  const reply = () => openThread({ channel, ts: message.thread_ts ?? ts });
  const told = (outcome: Outcome, what: string) => {
    if (outcome.refused !== null) tell(outcome.refused, "alert");
    else if (!outcome.ok) note(me, channel, isInThread ? message.thread_ts : null, `${what}: ${troubleWords(outcome)}`);
  };
  const ofApp = shortcuts.filter((shortcut) => shortcut.type === "message" && !isEphemeral);
  const items = [
    ...ofApp.map((shortcut) => ({
      words: shortcut.name,
      description: shortcut.description,
      choose: async () =>
        told(
          await live.order({ do: "message_shortcut", callback_id: shortcut.callback_id, channel, ts }),
          shortcut.name,
        ),
    })),
    ...(isInThread || isEphemeral ? [] : [{ words: "Reply in thread", choose: reply }]),
    { words: "Copy text", choose: () => void copy(message) },
    ...(isEphemeral
      ? []
      : [
          {
            words: "Delete",
            isDangerous: true,
            choose: async () => told(await live.order({ do: "delete", channel, ts }), "Delete"),
          },
        ]),
  ];
  return (
    <div className="message-tools">
      {!isInThread && !isEphemeral && (
        <button
          type="button"
          className="icon-button"
          aria-label="Reply in thread"
          title="Reply in thread"
          onClick={reply}
        >
          <span aria-hidden="true">↩</span>
        </button>
      )}
      <Menu label="More actions" items={items} />
    </div>
  );
}

async function copy(message: Message): Promise<void> {
  const shown = document.querySelector(`article[data-ts="${CSS.escape(message.ts)}"] .message-body`);
  const words = shown instanceof HTMLElement ? shown.innerText : message.text;
  await copyText(words);
}

/** Copies, and says so; where the browser does not allow it, says that. */
export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell("Copied.");
  } catch {
    tell("The browser did not allow copying.", "alert");
  }
}
