/** A dialog that keeps the focus: the chat behind it is inert, and Tab goes around within it. */

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Box } from "../box";

/** How many dialogs are open; what lies behind them is inert then. */
export const openDialogs = new Box<number>(0);

const FOCUSABLE = ["button", "input", "select", "textarea"]
  .map((name) => `${name}:not([disabled])`)
  .concat("[href]", "audio", '[tabindex="0"]')
  .join(", ");

type Props = {
  title: string;
  role?: "dialog" | "alertdialog";
  isInert?: boolean;
  onClose: () => void;
  children: ReactNode;
  head?: ReactNode;
};

export function Dialog({ title, role = "dialog", isInert = false, onClose, children, head }: Props) {
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    openDialogs.set(openDialogs.get() + 1);
    return () => openDialogs.set(openDialogs.get() - 1);
  }, []);
  useFocusInside(place);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    } else if (event.key === "Tab") {
      goAround(event, place.current);
    }
  };
  return (
    <div className="dialog-cover" inert={isInert}>
      <div
        ref={place}
        className="dialog"
        role={role}
        aria-modal="true"
        aria-labelledby={id}
        tabIndex={-1}
        onKeyDown={onKeyDown}
      >
        <div className="dialog-head">
          <h2 id={id} dir="auto">
            {title}
          </h2>
          {head}
          <button type="button" className="icon-button" aria-label="Close dialog" onClick={onClose}>
            <span aria-hidden="true">✕</span>
          </button>
        </div>
        {children}
      </div>
    </div>
  );
}

/** Takes the focus, to the input that wants it if there is one, and gives it back at the end. */
function useFocusInside(place: { current: HTMLDivElement | null }): void {
  // Whatever had the focus may be gone once the dialog is drawn anew, and with it Escape and Tab would be lost.
  useEffect(() => {
    if (document.activeElement === document.body) place.current?.focus();
  });
  // An input that wants the focus takes it before any effect runs.
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    const dialog = place.current;
    const first = dialog?.querySelector<HTMLElement>("form input, form select, form textarea, [data-first]");
    if (dialog && !dialog.contains(document.activeElement)) (first ?? dialog).focus();
    return () => {
      // Only after the drawing, as what is behind is inert until then.
      window.setTimeout(() => {
        const isLost = document.activeElement === document.body || document.activeElement === null;
        const isThere = before instanceof HTMLElement && before.isConnected && before !== document.body;
        const heir = isThere ? before : document.querySelector<HTMLElement>(".chat .composer textarea");
        if (isLost) heir?.focus();
      });
    };
  }, [place, before]);
}

function goAround(event: KeyboardEvent, dialog: HTMLElement | null): void {
  // The player stays within reach: a recording may have been opened from this very dialog.
  const player = document.querySelector(".player");
  const all = [dialog, player].flatMap((part) => (part ? [...part.querySelectorAll<HTMLElement>(FOCUSABLE)] : []));
  const last = all.length - 1;
  const at = all.findIndex((element) => element === document.activeElement);
  const next = event.shiftKey ? (at <= 0 ? last : null) : at === last ? 0 : null;
  if (next === null || last < 0) return;
  event.preventDefault();
  all[next]?.focus();
}
