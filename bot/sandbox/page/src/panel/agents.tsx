/** The agents: to be followed over there, and to make many calls at once here. */

import { compose } from "../desk";
import { useShown } from "../live";
import { copyText } from "../parts/message_tools";
import type { Agent, Campaign } from "../protocol";
import { give } from "./deeds";
import { inOrder, statusClass, statusWords } from "./statuses";

const FIGURES = ["sent", "failed", "lost", "doubled", "reordered"] as const;

export function Agents() {
  const agents = useShown((state) => state.agents);
  const campaign = useShown((state) => state.campaign);
  return (
    <ul className="agents" aria-label="Agents">
      {agents.map((agent) => (
        <Entry key={agent.id} agent={agent} campaign={campaign} />
      ))}
    </ul>
  );
}

function Entry({ agent, campaign }: { agent: Agent; campaign: Campaign | null }) {
  const isBusy = campaign !== null && campaign.state !== "over";
  const own = campaign?.agent_id === agent.id ? campaign : null;
  return (
    <li className="box agent" aria-label={agent.name}>
      <h3>{agent.name}</h3>
      <p className="agent-id">
        <code>{agent.id}</code>
        <button
          type="button"
          className="link call-link"
          aria-label={`Copy id, ${agent.name}`}
          onClick={() => void copyText(agent.id)}
        >
          Copy id
        </button>
      </p>
      <ul className="agent-calls" aria-label="Calls">
        {inOrder(agent.calls).map(([status, count]) => (
          <li key={status} className={statusClass(status)}>
            {count} {statusWords(status)}
          </li>
        ))}
      </ul>
      <p className="agent-figures">{webhookWords(agent.webhooks)}</p>
      <div className="row">
        <button
          type="button"
          className="button"
          aria-label={`Follow agent, ${agent.name}`}
          data-tour="follow-agent"
          onClick={() => compose(`/samora-call subscribe agent ${agent.id}`)}
        >
          Follow agent
        </button>
        <button
          type="button"
          className="button button-primary"
          aria-label={`Start a campaign (200 calls in a minute), ${agent.name}`}
          disabled={isBusy}
          onClick={() => void give({ do: "start_campaign", agent_id: agent.id })}
        >
          Start a campaign (200 calls in a minute)
        </button>
      </div>
      {own && <Progress campaign={own} />}
    </li>
  );
}

function Progress({ campaign }: { campaign: Campaign }) {
  const { begun, total, state } = campaign;
  const words = { running: "under way", ending: "the last calls are under way", over: "over" }[state];
  return (
    <div className="campaign" data-state={state}>
      <progress aria-label="Calls of the campaign" max={total} value={begun} />
      <p>
        Campaign: {begun} of {total} calls, {words}
      </p>
      {state === "running" && (
        <button type="button" className="button" onClick={() => void give({ do: "stop_campaign" })}>
          Stop
        </button>
      )}
    </div>
  );
}

function webhookWords(figures: Agent["webhooks"]): string {
  const counted = FIGURES.filter((name) => name === "sent" || figures[name]);
  return `Webhooks: ${counted.map((name) => `${figures[name] ?? 0} ${name}`).join(", ")}`;
}
