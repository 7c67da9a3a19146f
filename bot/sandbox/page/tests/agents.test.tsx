import { act, cleanup, fireEvent, render, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { desk } from "../src/desk";
import { learn, UNKNOWN } from "../src/known";
import { live } from "../src/live";
import { Agents } from "../src/panel/agents";
import { inOrder, statusWords } from "../src/panel/statuses";
import { WeatherTab } from "../src/panel/weather";
import type { Agent, Campaign, Channel, Order, State } from "../src/protocol";

const ASHA: Agent = {
  id: "3d1f6a52-8c07-4e9b-a4d3-92b5e0c7f101",
  name: "Asha, appointments",
  calls: { REJECTED: 1, CALL_FINISHED: 12, ABDUCTED: 2, ONGOING: 3 },
  webhooks: { sent: 9, lost: 2 },
};
const RAVI: Agent = { id: "b27c9e04-51fa-4d68-8e30-6f1a3d8c5202", name: "Ravi, payments", calls: {}, webhooks: {} };
const CHANNEL: Channel = {
  id: "C1",
  name: "operations",
  with: null,
  is_private: false,
  is_archived: false,
  is_ext_shared: false,
  has_bot: true,
};

let orders: Order[] = [];

/** What the server would have told. */
function shown(state: Partial<State>): void {
  const known = learn(UNKNOWN, { state: { agents: [ASHA, RAVI], channels: [CHANNEL], ...state } });
  vi.spyOn(live, "snapshot").mockReturnValue(known);
}

beforeEach(() => {
  orders = [];
  vi.spyOn(live, "order").mockImplementation((order) => {
    orders.push(order);
    return Promise.resolve({ ok: true, error: null, refused: null });
  });
  desk.set({ ...desk.get(), place: "C1", drafts: {} });
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function agent(name: string): ReturnType<typeof within> {
  const { getByRole } = within(document.body);
  return within(getByRole("listitem", { name }));
}

test("an agent is shown with its id, its calls in the order of their lives, and what became of its webhooks", () => {
  shown({});
  render(<Agents />);
  const asha = agent("Asha, appointments");
  expect(asha.getByText(ASHA.id)).toBeTruthy();
  const calls = within(asha.getByRole("list", { name: "Calls" })).getAllByRole("listitem");
  expect(calls.map((each) => each.textContent)).toEqual(["3 Ongoing", "12 Finished", "1 Rejected", "2 ABDUCTED"]);
  expect(asha.getByText("Webhooks: 9 sent, 2 lost")).toBeTruthy();
  expect(agent("Ravi, payments").getByText("Webhooks: 0 sent")).toBeTruthy();
});

test("to follow an agent, its command is put into the composer", () => {
  shown({});
  render(<Agents />);
  fireEvent.click(agent("Ravi, payments").getByRole("button", { name: /^Follow agent/ }));
  expect(desk.get().drafts).toEqual({ C1: `/samora-call subscribe agent ${RAVI.id}` });
  expect(orders).toEqual([]);
});

test("the id is copied", async () => {
  const writeText = vi.fn((text: string) => Promise.resolve(void text));
  vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { clipboard: { writeText } }));
  shown({});
  render(<Agents />);
  await act(async () => fireEvent.click(agent("Ravi, payments").getByRole("button", { name: /^Copy id/ })));
  expect(writeText.mock.calls).toEqual([[RAVI.id]]);
  vi.unstubAllGlobals();
});

test("a campaign is started", async () => {
  shown({});
  render(<Agents />);
  await act(async () => fireEvent.click(agent("Asha, appointments").getByRole("button", { name: /^Start a campaign/ })));
  expect(orders).toEqual([{ do: "start_campaign", agent_id: ASHA.id }]);
});

test("while it runs, it shows how far it is, can be stopped, and is the only one", async () => {
  shown({ campaign: { agent_id: ASHA.id, total: 200, begun: 50, state: "running" } });
  render(<Agents />);
  const asha = agent("Asha, appointments");
  const progress = asha.getByRole("progressbar", { name: "Calls of the campaign" }) as HTMLProgressElement;
  expect([progress.value, progress.max]).toEqual([50, 200]);
  expect(asha.getByText("Campaign: 50 of 200 calls, under way")).toBeTruthy();
  for (const name of ["Asha, appointments", "Ravi, payments"]) {
    const start = agent(name).getByRole("button", { name: /^Start a campaign/ }) as HTMLButtonElement;
    expect(start.disabled).toBe(true);
  }
  expect(agent("Ravi, payments").queryByRole("progressbar")).toBeNull();
  await act(async () => fireEvent.click(asha.getByRole("button", { name: "Stop" })));
  expect(orders).toEqual([{ do: "stop_campaign" }]);
});

test.each<[Campaign["state"], string, boolean]>([
  ["ending", "Campaign: 70 of 200 calls, the last calls are under way", true],
  ["over", "Campaign: 70 of 200 calls, over", false],
])("once it is %s, it can't be stopped any more", (state, words, isBusy) => {
  shown({ campaign: { agent_id: ASHA.id, total: 200, begun: 70, state } });
  render(<Agents />);
  const asha = agent("Asha, appointments");
  expect(asha.getByText(words)).toBeTruthy();
  expect(asha.queryByRole("button", { name: "Stop" })).toBeNull();
  const start = agent("Ravi, payments").getByRole("button", { name: /^Start a campaign/ }) as HTMLButtonElement;
  expect(start.disabled).toBe(isBusy);
});

test("webhooks have a weather of their own", async () => {
  shown({ weather: { slack: "fine", samora: "fine", webhooks: "doubled" } });
  render(<WeatherTab />);
  const webhooks = within(within(document.body).getByRole("group", { name: "Webhooks" }));
  const names = webhooks.getAllByRole("radio").map((each) => each.closest("label")?.textContent?.split(/(?=[A-Z])/)[0]);
  expect(names).toEqual(["Fine", "Lost", "Doubled", "Reordered", "Off"]);
  expect((webhooks.getByRole("radio", { name: /^Doubled/ }) as HTMLInputElement).checked).toBe(true);
  await act(async () => fireEvent.click(webhooks.getByRole("radio", { name: /^Off/ })));
  expect(orders).toEqual([{ do: "weather", of: "webhooks", to: "off" }]);
});

test("a status that nobody knows is shown as it is", () => {
  expect(statusWords("CALL_FINISHED")).toBe("Finished");
  expect(statusWords("constructor")).toBe("constructor");
  expect(inOrder({ zeta: 1, alpha: 2, PENDING: 3 })).toEqual([["PENDING", 3], ["alpha", 2], ["zeta", 1]]);
});
