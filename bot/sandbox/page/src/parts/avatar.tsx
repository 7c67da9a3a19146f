/** A face for everybody: initials on a colour that belongs to the id. */

import { useShown } from "../live";
import { NOTE_TAKER } from "../notes";

const COLOURS = 8;

function colourOf(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % COLOURS;
}

export function Avatar({ id, isSmall = false }: { id: string; isSmall?: boolean }) {
  const user = useShown((state) => state.users.find((each) => each.id === id));
  const size = isSmall ? "avatar avatar-small" : "avatar";
  if (user?.kind === "bot") {
    return (
      <span className={`${size} avatar-bot`} aria-hidden="true">
        <svg viewBox="0 0 32 32">
          <path d="M6 16h3.5l2.5-7 4.5 14 3.5-10 2 3H26" />
        </svg>
      </span>
    );
  }
  const initials = id === NOTE_TAKER ? "!" : (user?.name ?? id).slice(0, 1).toUpperCase();
  return (
    <span className={`${size} avatar-${colourOf(id)}`} aria-hidden="true">
      {initials}
    </span>
  );
}
