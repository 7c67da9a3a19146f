/** What lies before the reader's eyes: which conversation and thread, which side of the panel, what is half typed. */

import { Box } from "./box";
import { live } from "./live";
import { tell } from "./toasts";

export type Pane = "sidebar" | "conversation" | "thread" | "panel";
export type PanelTab = "Calls" | "Agents" | "Weather" | "Traffic" | "Log";
export type ThreadPlace = { channel: string; ts: string };

/** The place that is no conversation: Samora's App Home tab. */
export const HOME = "home";

export type Desk = {
  /** A channel's id or HOME; empty before there are any. */
  place: string;
  thread: ThreadPlace | null;
  hasPanel: boolean;
  tab: PanelTab;
  /** The only one to be seen on a narrow screen. */
  pane: Pane;
  drafts: Readonly<Record<string, string>>;
  /** Which composer is to take the focus; each wish is another object. */
  wantsFocus: { draft: string } | null;
};

export const desk = new Box<Desk>({
  place: "",
  thread: null,
  hasPanel: window.innerWidth > 900,
  tab: "Calls",
  pane: "conversation",
  drafts: {},
  wantsFocus: null,
});

function change(part: Partial<Desk>): void {
  desk.set({ ...desk.get(), ...part });
}

export function draftKey(channel: string, thread: string | null): string {
  return thread === null ? channel : `${channel}/${thread}`;
}

export function go(place: string): void {
  const { thread } = desk.get();
  change({ place, pane: "conversation", thread: thread?.channel === place ? thread : null });
  if (place === HOME) void openHome();
}

async function openHome(): Promise<void> {
  const outcome = await live.order({ do: "open_home" });
  if (outcome.refused !== null) tell(outcome.refused, "alert");
}

export function openThread(thread: ThreadPlace): void {
  change({ thread, pane: "thread", wantsFocus: { draft: draftKey(thread.channel, thread.ts) } });
}

export function closeThread(): void {
  change({ thread: null, pane: "conversation" });
}

export function showPane(pane: Pane): void {
  change(pane === "panel" ? { pane, hasPanel: true } : { pane });
}

export function togglePanel(): void {
  const hasPanel = !desk.get().hasPanel;
  change({ hasPanel, pane: hasPanel ? "panel" : "conversation" });
}

export function showTab(tab: PanelTab): void {
  change({ tab, hasPanel: true, pane: "panel" });
}

export function turnTo(tab: PanelTab): void {
  change({ tab });
}

export function type(draft: string, text: string): void {
  change({ drafts: { ...desk.get().drafts, [draft]: text } });
}

/** Puts a text into the composer of the conversation before the eyes, or of the first one that takes any. */
export function compose(text: string): void {
  const { channels } = live.snapshot().state;
  const open = channels.filter((channel) => !channel.is_archived && channel.name !== "");
  const here = channels.find((channel) => channel.id === desk.get().place && !channel.is_archived);
  const place = here?.id ?? open[0]?.id;
  if (place === undefined) return;
  if (place !== desk.get().place) go(place);
  type(place, text);
  change({ pane: "conversation", wantsFocus: { draft: place } });
}
