/** Where blocks stand, a message or a view: what is filled in there, and how presses and choices get to the bot. */

import { createContext, useContext, useState } from "react";
import { live, type Outcome } from "../live";
import { askToConfirm } from "../parts/confirm";
import type { Kit, Order, Spot } from "../protocol";
import { tell } from "../toasts";
import { kitAt, stringAt, wordsOf } from "./json";
import { openAddress } from "./links";
import { troubleWords } from "./trouble";
import { initialValue, type Value, type Values } from "./values";

export type Surface = {
  spot: Spot;
  /** The channel that one has before the eyes, for selects that begin with it. */
  channel: string | null;
  values: Values;
  fill: (blockId: string, actionId: string, value: Value) => void;
  /** Block id → what the bot found wrong there, or the page itself. */
  errors: Readonly<Record<string, string>>;
};

const SurfaceContext = createContext<Surface | null>(null);
export const SurfaceProvider = SurfaceContext.Provider;

export function useSurface(): Surface {
  const surface = useContext(SurfaceContext);
  if (!surface) throw new Error("Blocks stand on a surface.");
  return surface;
}

/** An element in its block, as its drawing needs it. */
export type Placed = { block: Kit; element: Kit };

export type Use = {
  value: Value;
  isBusy: boolean;
  trouble: string | null;
  /** Fills in, and tells the bot where the element does that. */
  change: (value: Value) => Promise<void>;
  /** Only fills in. */
  fill: (value: Value) => void;
  /** Tells the bot what is filled in, if the element does that. */
  dispatch: (value: Value) => Promise<void>;
  press: (actionId?: string) => Promise<void>;
};

export function useElement({ block, element }: Placed): Use {
  const surface = useSurface();
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const blockId = stringAt(block, "block_id");
  const actionId = stringAt(element, "action_id");
  const isForm = block.type === "input" && block.dispatch_action !== true;
  const filled = surface.values[blockId]?.[actionId];
  const value = filled === undefined ? initialValue(element) : filled;

  async function give(order: Order): Promise<void> {
    setBusy(true);
    setTrouble(null);
    const outcome = await live.order(order);
    setBusy(false);
    if (!outcome.ok) setTrouble(troubleOf(outcome));
  }
  const confirm = kitAt(element, "confirm");
  const fill = (next: Value) => surface.fill(blockId, actionId, next);
  const dispatch = async (next: Value) => {
    if (!isForm) await give({ do: "choose", block_id: blockId, action_id: actionId, value: next, ...surface.spot });
  };
  return {
    value,
    isBusy,
    trouble,
    fill,
    dispatch,
    change: async (next) => {
      if (confirm && !(await askToConfirm(confirm))) return;
      fill(next);
      await dispatch(next);
    },
    press: async (pressed = actionId) => {
      // Agreeing is a click too, so the tab may still be opened after it.
      if (confirm && !(await askToConfirm(confirm))) return;
      if (stringAt(element, "url")) openAddress(stringAt(element, "url"), wordsOf(element.text));
      await give({ do: "press", block_id: blockId, action_id: pressed, ...surface.spot });
    },
  };
}

function troubleOf(outcome: Outcome): string {
  if (outcome.refused !== null) tell(outcome.refused, "alert");
  return troubleWords(outcome);
}
