/** What a composer offers to complete: commands, people and groups, channels. Pure. */

import type { State } from "../protocol";

export type Offer = { insert: string; words: string; detail: string };
export type Completion = { from: number; to: number; offers: Offer[] };

const MOST = 8;
const NAMED = /(?:^|[\s:(,])([@#])([\w.-]*)$/;

export function completionAt(text: string, caret: number, state: State, hasCommands: boolean): Completion | null {
  const before = text.slice(0, caret);
  if (hasCommands && /^\/[\w-]*$/.test(before)) {
    const offers = state.commands
      .filter(({ command }) => command.startsWith(before))
      .map(({ command, description, usage_hint }) => ({
        insert: `${command} `,
        words: command,
        detail: [description, usage_hint].filter(Boolean).join(" · "),
      }));
    return completion(0, caret, before, offers);
  }
  const named = NAMED.exec(before);
  if (!named) return null;
  const [, sign = "", begun = ""] = named;
  const offers = sign === "@" ? peopleOf(state) : channelsOf(state);
  const fitting = offers.filter(({ words }) => words.slice(1).toLowerCase().startsWith(begun.toLowerCase()));
  return completion(caret - begun.length - 1, caret, sign + begun, fitting);
}

/** The command that the text begins with, once it is typed to its end. */
export function commandOf(text: string, commands: State["commands"]): State["commands"][number] | undefined {
  return commands.find(({ command }) => text === command || text.startsWith(`${command} `));
}

function completion(from: number, to: number, typed: string, offers: Offer[]): Completion | null {
  // What is typed to its end needs no completing: Enter sends it then.
  if (offers.length === 0 || (offers.length === 1 && offers[0]?.words === typed)) return null;
  return { from, to, offers: offers.slice(0, MOST) };
}

function peopleOf(state: State): Offer[] {
  const people = state.users.map(({ name, kind }) => ({
    insert: `@${name} `,
    words: `@${name}`,
    detail: kind === "bot" ? "app" : kind,
  }));
  const groups = state.groups.map(({ handle }) => ({ insert: `@${handle} `, words: `@${handle}`, detail: "group" }));
  return [...people, ...groups];
}

function channelsOf(state: State): Offer[] {
  return state.channels
    .filter(({ name }) => name !== "")
    .map(({ name, is_private }) => ({ insert: `#${name} `, words: `#${name}`, detail: is_private ? "private" : "" }));
}
