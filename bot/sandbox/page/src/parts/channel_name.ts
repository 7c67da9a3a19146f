/** What a conversation is called. */

import type { Channel, User } from "../protocol";

export function channelName(channel: Channel, users: readonly User[]): string {
  if (channel.name) return channel.name;
  return users.find((user) => user.id === channel.with)?.name ?? channel.with ?? channel.id;
}

/** "#operations", or a person's name. */
export function channelTitle(channel: Channel, users: readonly User[]): string {
  return channel.name ? `#${channel.name}` : channelName(channel, users);
}

export function isWithBot(channel: Channel, users: readonly User[]): boolean {
  return users.some((user) => user.id === channel.with && user.kind === "bot");
}
