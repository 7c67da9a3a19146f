/**
 * What goes over the one WebSocket between this page and the sandbox: `bot/sandbox/live.py` is the other end.
 *
 * Times are ISO 8601 in UTC, by the sandbox's clock; a `ts` is Slack's name of a message within its channel.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A block or element of Block Kit as the bot sent it: whatever it holds, it is drawn or shown as unsupported. */
export type Kit = { type?: string; [key: string]: unknown };

export type User = { id: string; name: string; kind: "member" | "guest" | "outsider" | "bot" };

export type UserGroup = { id: string; handle: string };

export type Channel = {
  id: string;
  /** Empty for a direct conversation. */
  name: string;
  /** The other one in a direct conversation; null elsewhere. */
  with: string | null;
  is_private: boolean;
  is_archived: boolean;
  /** Shared with another organisation. */
  is_ext_shared: boolean;
  has_bot: boolean;
};

export type Message = {
  channel: string;
  ts: string;
  user: string;
  /** mrkdwn; what screen readers and notifications read where there are blocks. */
  text: string;
  bot_id: string | null;
  blocks: Kit[];
  attachments: Kit[];
  thread_ts: string | null;
  /** A reply that stands in the channel too. */
  reply_broadcast: boolean;
  ephemeral_to: string | null;
  edited: number;
};

/** A modal or the App Home tab. */
export type View = {
  id: string;
  type: "modal" | "home";
  title?: Kit;
  submit?: Kit | null;
  close?: Kit | null;
  blocks: Kit[];
  hash: string;
  previous_view_id: string | null;
  /** What is filled in: block id → action id → Slack's entry. */
  state: { values: Record<string, Record<string, Kit>> };
  /** What the bot found wrong at the last submission: block id → sentence. */
  errors: Record<string, string>;
};

export type CallEvent =
  | "trigger"
  | "answer"
  | "no_answer"
  | "reject"
  | "hang_up"
  | "recording_ready"
  | "transcript_ready";

export type Call = {
  call_id: string;
  agent_name: string;
  /** The variable `name`, or nothing. */
  who: string;
  status: string;
  created_at: string;
  has_recording: boolean;
  has_transcript: boolean;
  /** What may happen to it now. */
  events: CallEvent[];
};

export type Agent = {
  id: string;
  name: string;
  /** How many it has by status. */
  calls: Record<string, number>;
  /** What became of its webhooks: "sent" were taken, "failed" given up; what isn't there is none. */
  webhooks: Partial<Record<"sent" | "failed" | "lost" | "doubled" | "reordered", number>>;
};

/** Many calls of one agent; "ending" while no more of them begin and some are under way. */
export type Campaign = { agent_id: string; total: number; begun: number; state: "running" | "ending" | "over" };

export type Weather = "fine" | "outage" | "throttling" | "slow" | "lost answers";
export type WebhookWeather = "fine" | "lost" | "doubled" | "reordered" | "off";

export type State = {
  me: string;
  users: User[];
  groups: UserGroup[];
  channels: Channel[];
  /** My open modals, the visible one last. */
  views: View[];
  home: View | null;
  /** All but the older ones of campaigns. */
  calls: Call[];
  agents: Agent[];
  /** The one under way, or the last one. */
  campaign: Campaign | null;
  /** By how many seconds the sandbox's clock is ahead of the machine's, which the page has too. */
  clock: { moved_by: number };
  weather: { slack: Weather; samora: Weather; webhooks: WebhookWeather };
  bot: { state: "starting" | "running" | "stopped"; exit_code: number | null };
  commands: { command: string; description: string; usage_hint: string }[];
  shortcuts: { name: string; type: "message" | "global"; callback_id: string; description: string }[];
  /** Where the two servers listen, each with its control API under /control/. */
  addresses: { slack: string; samora: string };
};

/** One request and its answer, or one line that the bot wrote. */
export type Exchange = {
  number: number;
  at: string;
  sender: "bot" | "slack" | "samora";
  receiver: "bot" | "slack" | "samora";
  what: string;
  /** HTTP status, or null where the connection was cut or nobody answered. */
  status: number | null;
  error: string | null;
  request: Json;
  answer: Json;
};

/** Where something is pressed or chosen. */
export type Spot = { message: { channel: string; ts: string } } | { view: string };

export type Order =
  | { do: "be"; user: string }
  /** What Slack's own composer does with a text: a command, a mention or a message. */
  | { do: "say"; channel: string; text: string; thread_ts: string | null }
  | ({ do: "press"; block_id: string; action_id: string } & Spot)
  | ({ do: "choose"; block_id: string; action_id: string; value: string | string[] | null } & Spot)
  | { do: "submit"; view: string; values: Record<string, string | string[] | null> }
  | { do: "close"; view: string }
  | { do: "shortcut"; callback_id: string }
  | { do: "message_shortcut"; callback_id: string; channel: string; ts: string }
  | { do: "delete"; channel: string; ts: string }
  | { do: "open_home" }
  | { do: "archive" | "unarchive" | "kick_bot" | "invite_bot"; channel: string }
  | { do: "move_call"; call_id: string; event: CallEvent }
  | { do: "add_call" }
  /** Without more said: 200 calls that begin within 60 seconds. */
  | { do: "start_campaign"; agent_id: string; calls?: number; seconds?: number }
  | { do: "stop_campaign" }
  | { do: "advance"; seconds: number }
  /** Neighbours have one kind of weather, webhooks another. */
  | { do: "weather"; of: keyof State["weather"]; to: Weather | WebhookWeather }
  | { do: "process"; what: "kill" | "stop" | "start" };

/** How Slack got on with the bot: `error` is what Slack shows a person then, such as "operation_timeout". */
export type Result = { ok: boolean; error: string | null };

/** What the server sends. */
export type Frame =
  | { reply: number; result: Result }
  /** The order made no sense; the sentence is for a person. */
  | { reply: number; refused: string }
  /** Somebody else's eyes: everything known is to be forgotten. */
  | { reset: true }
  | { state: Partial<State> }
  /** New ones, and ones that changed. */
  | { messages: Message[] }
  | { gone: { channel: string; ts: string }[] }
  | { traffic: Exchange[] }
  | { lines: string[] };

/** What the page sends. */
export type Request = Order & { id: number };
