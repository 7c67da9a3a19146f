/** What belongs to the whole page: who one acts as, light or dark, the tour, the panel. */

import { togglePanel, desk } from "../desk";
import { useBox } from "../box";
import { live, useShown } from "../live";
import type { User } from "../protocol";
import { type Choice, choose, useTheme } from "../theme";
import { tell } from "../toasts";
import { startTour } from "../tour/steps";
import { Avatar } from "./avatar";

export function Topbar() {
  const { hasPanel } = useBox(desk);
  return (
    <header className="topbar">
      <div className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M6 16h3.5l2.5-7 4.5 14 3.5-10 2 3H26" />
        </svg>
        <h1>
          Samora for Slack <small>sandbox</small>
        </h1>
      </div>
      <ActAs />
      <div className="topbar-tools">
        <button type="button" className="quiet" onClick={startTour}>
          Tour
        </button>
        <ThemeChoice />
        <button type="button" className="quiet panel-toggle" aria-expanded={hasPanel} onClick={togglePanel}>
          {hasPanel ? "Hide panel" : "Show panel"}
        </button>
      </div>
    </header>
  );
}

function ActAs() {
  const me = useShown((state) => state.me);
  const users = useShown((state) => state.users);
  const be = async (user: string) => {
    const outcome = await live.order({ do: "be", user });
    if (outcome.refused !== null) tell(outcome.refused, "alert");
  };
  return (
    <div className="act-as">
      <Avatar id={me} isSmall />
      <label htmlFor="act-as">Act as</label>
      <select id="act-as" className="select" value={me} onChange={(event) => void be(event.target.value)}>
        {users.filter(isPerson).map((user) => (
          <option key={user.id} value={user.id}>
            {user.name} ({user.kind})
          </option>
        ))}
      </select>
    </div>
  );
}

function isPerson(user: User): boolean {
  return user.kind !== "bot";
}

const THEMES: readonly Choice[] = ["auto", "light", "dark"];

function ThemeChoice() {
  const { chosen } = useTheme();
  return (
    <select
      className="select"
      aria-label="Theme"
      value={chosen}
      onChange={(event) => choose(THEMES.find((theme) => theme === event.target.value) ?? "auto")}
    >
      <option value="auto">Auto</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}
