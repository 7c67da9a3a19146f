/** Errors in a person's words, as far as this page knows them. */

import { NO_REPLY, NOT_CONNECTED, type Outcome } from "../live";

const WORDS: Readonly<Record<string, string>> = {
  operation_timeout: "Samora did not answer in time",
  not_in_channel: "Samora is not in this channel",
  not_installed: "Samora is not installed here any more",
  dispatch_failed: "Samora could not be reached",
  not_connected_to_app: "Samora could not be reached",
  invalid_view_response: "Samora answered with a window that cannot be shown",
  invalid_command_response: "Samora answered with a message that cannot be shown",
  [NO_REPLY]: "The sandbox did not answer in time",
  [NOT_CONNECTED]: "There is no connection to the sandbox",
};

/** A sentence about an order that went wrong. */
export function troubleWords(outcome: Outcome): string {
  if (outcome.refused !== null) return outcome.refused;
  const error = outcome.error ?? "unknown_error";
  return `${WORDS[error] ?? "That did not work"} (${error}).`;
}
