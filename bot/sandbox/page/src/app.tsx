/** The whole page. */

import { useBox } from "./box";
import { desk, HOME, type Pane, showPane } from "./desk";
import { useKnown } from "./live";
import { Panel } from "./panel/panel";
import { Banner } from "./parts/banner";
import { Chat } from "./parts/chat";
import { Confirm } from "./parts/confirm";
import { openDialogs } from "./parts/dialog";
import { Modals } from "./parts/modals";
import { Player } from "./parts/player";
import { Sidebar } from "./parts/sidebar";
import { Thread } from "./parts/thread";
import { ToastList } from "./parts/toast_list";
import { Topbar } from "./parts/topbar";
import { useThemeOnPage } from "./theme";
import { Tour } from "./tour/tour";

export function App() {
  useThemeOnPage();
  const isFilled = useKnown((known) => known.isFilled);
  const { place, thread, hasPanel, pane } = useBox(desk);
  const isCovered = useBox(openDialogs) > 0;
  if (!isFilled) return <Waiting />;
  return (
    <div className="page" data-pane={pane} data-thread={thread !== null} data-panel={hasPanel}>
      <Topbar />
      <Banner />
      <div className="desk">
        {/* The dialogs lie over the chat alone: while one is open, the panel can still make calls move and weather. */}
        <div className="workspace">
          <div className="workspace-panes" inert={isCovered}>
            <Sidebar />
            <Chat />
            {thread && <Thread key={`${thread.channel}/${thread.ts}`} place={thread} />}
          </div>
          <Modals channel={place === HOME ? null : place} />
          <Confirm />
        </div>
        {hasPanel && <Panel />}
      </div>
      <Player />
      <PaneChoice hasThread={thread !== null} pane={pane} />
      <ToastList />
      <Tour />
    </div>
  );
}

function Waiting() {
  return (
    <div className="page-waiting">
      <Banner />
      <p role="status">Connecting to the sandbox…</p>
    </div>
  );
}

/** On a narrow screen one pane is shown at a time. */
function PaneChoice({ hasThread, pane }: { hasThread: boolean; pane: Pane }) {
  const panes: [Pane, string][] = [
    ["sidebar", "Channels"],
    ["conversation", "Chat"],
    ...(hasThread ? ([["thread", "Thread"]] satisfies [Pane, string][]) : []),
    ["panel", "Panel"],
  ];
  return (
    <nav className="pane-choice" aria-label="Panes">
      {panes.map(([name, words]) => (
        <button
          key={name}
          type="button"
          aria-current={pane === name ? "true" : undefined}
          onClick={() => showPane(name)}
        >
          {words}
        </button>
      ))}
    </nav>
  );
}
