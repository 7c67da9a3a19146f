/** Samora's App Home tab. */

import { useMemo, useState } from "react";
import { Blocks } from "../kit/blocks";
import { SurfaceProvider } from "../kit/surface";
import { type Value, type Values, valueOfEntry } from "../kit/values";
import { useShown } from "../live";
import type { View } from "../protocol";

export function Home() {
  const home = useShown((state) => state.home);
  return (
    <div className="home" tabIndex={0} role="group" aria-label="App Home">
      {home ? (
        <HomeView key={home.id} view={home} />
      ) : (
        <div className="empty">
          <h3>Nothing here yet</h3>
          <p>
            Samora has not published a Home tab. It works where you talk: type <code>/samora-call</code> in a channel,
            or look into Messages.
          </p>
        </div>
      )}
    </div>
  );
}

function HomeView({ view }: { view: View }) {
  const [typed, setTyped] = useState<Values>({});
  const surface = useMemo(
    () => ({
      spot: { view: view.id },
      channel: null,
      values: { ...known(view), ...typed },
      fill: (block: string, action: string, value: Value) =>
        setTyped((before) => ({ ...before, [block]: { ...before[block], [action]: value } })),
      errors: view.errors,
    }),
    [view, typed],
  );
  return (
    <SurfaceProvider value={surface}>
      <Blocks blocks={view.blocks} />
    </SurfaceProvider>
  );
}

function known(view: View): Values {
  const blocks = Object.entries(view.state.values).map(([block, entries]) => [
    block,
    Object.fromEntries(Object.entries(entries).map(([action, entry]) => [action, valueOfEntry(entry)])),
  ]);
  return Object.fromEntries(blocks) as Values;
}
