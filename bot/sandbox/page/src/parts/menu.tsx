/** A button that opens a menu; arrows, Home, End and Esc work as everywhere. */

import { type KeyboardEvent, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";

export type Item = { words: string; description?: string; isDangerous?: boolean; choose: () => void };

type Props = { label: string; items: readonly Item[]; isBusy?: boolean; face?: ReactNode; className?: string };

const GAP = 4;

export function Menu({ label, items, isBusy = false, face = "⋯", className = "icon-button" }: Props) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (isOpen && button.current && list.current) putBeside(button.current, list.current);
    if (isOpen) itemsOf(list.current)[0]?.focus();
  }, [isOpen]);
  useEffect(() => {
    if (!isOpen) return;
    const close = (event: Event) => {
      if (!(event.target instanceof Node && list.current?.contains(event.target))) setOpen(false);
    };
    // The menu does not move with what is scrolled below it.
    window.addEventListener("scroll", close, true);
    window.addEventListener("resize", close);
    return () => {
      window.removeEventListener("scroll", close, true);
      window.removeEventListener("resize", close);
    };
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const all = itemsOf(list.current);
    const at = all.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (to !== undefined) all.at(to % all.length)?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
  };
  const onBlur = (event: React.FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  return (
    <span className="menu" onBlur={onBlur}>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-busy={isBusy}
        onClick={() => setOpen(!isOpen)}
      >
        {face}
      </button>
      {isOpen && (
        <div ref={list} id={id} className="menu-list" role="menu" aria-label={label} onKeyDown={onKeyDown}>
          {items.map((item, at) => (
            <button
              key={at}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={item.isDangerous ? "menu-item menu-item-danger" : "menu-item"}
              onClick={() => {
                close();
                item.choose();
              }}
            >
              <span>{item.words}</span>
              {item.description && <small>{item.description}</small>}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

function itemsOf(list: HTMLElement | null): HTMLElement[] {
  return list ? [...list.querySelectorAll<HTMLElement>('[role="menuitem"]')] : [];
}

/** Below the button if there is room, otherwise above; never outside the window. */
function putBeside(button: HTMLElement, list: HTMLElement): void {
  const [at, size] = [button.getBoundingClientRect(), list.getBoundingClientRect()];
  const below = at.bottom + GAP;
  const top = below + size.height > window.innerHeight ? at.top - GAP - size.height : below;
  const left = Math.min(at.left, window.innerWidth - size.width - GAP);
  list.style.top = `${Math.max(GAP, top)}px`;
  list.style.left = `${Math.max(GAP, left)}px`;
}
