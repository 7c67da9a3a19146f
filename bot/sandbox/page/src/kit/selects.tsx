/** Menus to choose from: one thing in a native select, several as boxes to tick. */

import { useContext, useEffect } from "react";
import { useShown } from "../live";
import type { Channel, Kit, User } from "../protocol";
import { kitAt, wordsOf } from "./json";
import { LabelContext, Trouble, useNaming } from "./labels";
import { type Placed, useElement, useSurface } from "./surface";
import { asList, asText, optionGroups, optionValue } from "./values";

type Offer = { label: string; options: { value: string; words: string; description: string }[] };

export function Select({ block, element }: Placed) {
  const use = useElement({ block, element });
  const offers = useOffers(element);
  const naming = useNaming(element);
  useDefaultConversation(block, element, offers);
  return (
    <span className="pressable">
      <select
        {...naming}
        className="select"
        value={asText(use.value)}
        aria-busy={use.isBusy}
        autoFocus={element.focus_on_load === true}
        onChange={(event) => void use.change(event.target.value || null)}
      >
        <option value="">{wordsOf(element.placeholder) || "Choose…"}</option>
        {offers.map((offer, at) =>
          offer.label ? (
            <optgroup key={at} label={offer.label}>
              <Options of={offer} />
            </optgroup>
          ) : (
            <Options key={at} of={offer} />
          ),
        )}
      </select>
      <Trouble sentence={use.trouble} />
    </span>
  );
}

function Options({ of }: { of: Offer }) {
  return of.options.map((option) => (
    <option key={option.value} value={option.value}>
      {option.words}
      {option.description && ` (${option.description})`}
    </option>
  ));
}

export function MultiSelect({ block, element }: Placed) {
  const use = useElement({ block, element });
  const offers = useOffers(element);
  const labelled = useContext(LabelContext);
  const chosen = asList(use.value);
  const most = typeof element.max_selected_items === "number" ? element.max_selected_items : Infinity;
  const toggle = (value: string, isOn: boolean) =>
    void use.change(isOn ? [...chosen, value] : chosen.filter((each) => each !== value));
  return (
    <div
      className="multi"
      role="group"
      aria-label={labelled ? undefined : wordsOf(element.placeholder) || "Choose"}
      aria-busy={use.isBusy}
    >
      {offers.map((offer, at) => (
        <fieldset key={at} className="multi-group">
          {offer.label && <legend>{offer.label}</legend>}
          {offer.options.map((option) => (
            <label key={option.value} className="choice">
              <input
                type="checkbox"
                checked={chosen.includes(option.value)}
                disabled={!chosen.includes(option.value) && chosen.length >= most}
                onChange={(event) => toggle(option.value, event.target.checked)}
              />
              <span>
                {option.words}
                {option.description && <small>{option.description}</small>}
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      <Trouble sentence={use.trouble} />
    </div>
  );
}

/** What there is to choose: the element's own options, or people or conversations of the workspace. */
function useOffers(element: Kit): Offer[] {
  const users = useShown((state) => state.users);
  const channels = useShown((state) => state.channels);
  const type = (element.type ?? "").replace(/^multi_/, "");
  if (type === "users_select") return [{ label: "", options: users.map(userOption) }];
  if (type === "channels_select" || type === "conversations_select") {
    const offered = channels.filter((channel) => isOffered(channel, type, kitAt(element, "filter"), users));
    return [{ label: "", options: offered.map((channel) => channelOption(channel, users)) }];
  }
  return optionGroups(element).map(({ label, options }) => ({
    label,
    options: options.map((option) => ({
      value: optionValue(option),
      words: wordsOf(option.text),
      description: wordsOf(option.description),
    })),
  }));
}

function userOption(user: User): Offer["options"][number] {
  return { value: user.id, words: `@${user.name}`, description: user.kind === "member" ? "" : user.kind };
}

function channelOption(channel: Channel, users: User[]): Offer["options"][number] {
  const other = users.find((user) => user.id === channel.with)?.name ?? "";
  const description = channel.is_archived ? "archived" : channel.is_private && channel.name ? "private" : "";
  return { value: channel.id, words: channel.name ? `#${channel.name}` : `@${other}`, description };
}

function isOffered(channel: Channel, type: string, filter: Kit | null, users: User[]): boolean {
  const sort = channel.name === "" ? "im" : channel.is_private ? "private" : "public";
  if (channel.is_archived || (type === "channels_select" && sort !== "public")) return false;
  const isBot = users.some((user) => user.id === channel.with && user.kind === "bot");
  if (filter?.exclude_bot_users === true && isBot) return false;
  if (filter?.exclude_external_shared_channels === true && channel.is_ext_shared) return false;
  return Array.isArray(filter?.include) ? filter.include.includes(sort) : true;
}

/** `default_to_current_conversation`: begins with the channel before the eyes, where it is among those offered. */
function useDefaultConversation(block: Kit, element: Kit, offers: Offer[]): void {
  const { channel } = useSurface();
  const { value, fill } = useElement({ block, element });
  const isWanted = element.default_to_current_conversation === true && value === null;
  const isThere = offers.some((offer) => offer.options.some((option) => option.value === channel));
  useEffect(() => {
    if (isWanted && isThere) fill(channel);
    // Once, when the form opens: whoever empties the select afterwards means it.
  }, []);
}
