/** The control panel: what happens to the calls, to the weather and to the bot, and what goes over the wires. */

import { useBox } from "../box";
import { desk, togglePanel, turnTo } from "../desk";
import { Tabs } from "../parts/tabs";
import { Agents } from "./agents";
import { Calls } from "./calls";
import { Log } from "./log";
import { Traffic } from "./traffic";
import { WeatherTab } from "./weather";

const TABS = ["Calls", "Agents", "Weather", "Traffic", "Log"] as const;

export function Panel() {
  const { tab } = useBox(desk);
  return (
    <aside className="pane panel" aria-label="Control panel">
      <header className="pane-head">
        <h2 className="visually-hidden">Control panel</h2>
        <Tabs label="Control panel" names={TABS} chosen={tab} choose={turnTo} controls="panel-inside" />
        <button type="button" className="icon-button" aria-label="Close panel" onClick={togglePanel}>
          <span aria-hidden="true">✕</span>
        </button>
      </header>
      <div id="panel-inside" className="panel-inside" role="tabpanel" aria-label={tab}>
        {tab === "Calls" && <Calls />}
        {tab === "Agents" && <Agents />}
        {tab === "Weather" && <WeatherTab />}
        {tab === "Traffic" && <Traffic />}
        {tab === "Log" && <Log />}
      </div>
    </aside>
  );
}
