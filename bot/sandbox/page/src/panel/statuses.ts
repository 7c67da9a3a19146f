/** The statuses of calls in words, in the order in which a call has them. */

const STATUSES: Readonly<Record<string, string>> = {
  PENDING: "Pending",
  TRIGGERED: "Triggered",
  ONGOING: "Ongoing",
  CALL_FINISHED: "Finished",
  UNANSWERED: "Unanswered",
  REJECTED: "Rejected",
};

/** Samora may have others one day. */
export function statusWords(status: string): string {
  return isKnown(status) ? (STATUSES[status] ?? status) : status;
}

export function statusClass(status: string): string {
  return `status status-${isKnown(status) ? status : "OTHER"}`;
}

/** How many there are of each, in the order of a call's life; unknown ones last. */
export function inOrder(counts: Readonly<Record<string, number>>): [string, number][] {
  const known = Object.keys(STATUSES);
  const place = (status: string) => (isKnown(status) ? known.indexOf(status) : known.length);
  return Object.entries(counts).sort(([one], [other]) => place(one) - place(other) || (one < other ? -1 : 1));
}

function isKnown(status: string): boolean {
  return Object.hasOwn(STATUSES, status);
}
