/**
 * Slack's date formatting in the reader's zone and language, by docs.slack.dev/messaging/formatting-message-text ("Date
 * formatting"); the last three tokens are those that rich text has besides.
 */

type Form = (moment: Date, present: Date, locale?: string) => string;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;

const AGO: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["year", YEAR],
  ["month", MONTH],
  ["day", DAY],
  ["hour", HOUR],
  ["minute", MINUTE],
];

const dated =
  (options: Intl.DateTimeFormatOptions): Form =>
  (moment, _present, locale) =>
    new Intl.DateTimeFormat(locale, options).format(moment);

/** "yesterday", "today" or "tomorrow" where one of them fits. */
const pretty =
  (otherwise: Form): Form =>
  (moment, present, locale) => {
    const days = daysBetween(present, moment);
    if (Math.abs(days) > 1) return otherwise(moment, present, locale);
    return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  };

const numbers: Form = (moment) => {
  const parts = [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()];
  return parts.map((part) => String(part).padStart(2, "0")).join("-");
};

const ago: Form = (moment, present, locale) => {
  const seconds = Math.round((moment.getTime() - present.getTime()) / 1000);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const fitting = AGO.find(([, length]) => Math.abs(seconds) >= length);
  return fitting ? words.format(Math.round(seconds / fitting[1]), fitting[0]) : words.format(seconds, "second");
};

const usual = dated({ dateStyle: "long" });
const short = dated({ dateStyle: "medium" });
const long = dated({ dateStyle: "full" });

const FORMS: Readonly<Record<string, Form>> = {
  date_num: numbers,
  date: usual,
  date_short: short,
  date_long: long,
  date_pretty: pretty(usual),
  date_short_pretty: pretty(short),
  date_long_pretty: pretty(long),
  time: dated({ timeStyle: "short" }),
  time_secs: dated({ timeStyle: "medium" }),
  ago,
  day_divider_pretty: pretty(dated({ weekday: "long", month: "long", day: "numeric" })),
  date_slash: dated({ year: "numeric", month: "2-digit", day: "2-digit" }),
  date_long_full: long,
};

/** The moment in words; null for a format that Slack does not have, or a moment that is none: the fallback is due. */
export function formatDate(seconds: number, format: string, present: Date, locale?: string): string | null {
  const moment = new Date(seconds * 1000);
  const tokens = [...format.matchAll(/\{([^{}]*)\}/g)].map((found) => found[1] ?? "");
  if (Number.isNaN(moment.getTime()) || tokens.length === 0) return null;
  if (!tokens.every((token) => Object.hasOwn(FORMS, token))) return null;
  return format.replace(/\{([^{}]*)\}/g, (whole, token: string) => FORMS[token]?.(moment, present, locale) ?? whole);
}

/** Calendar days from one moment to another in the reader's zone; a day may have 23 or 25 hours, hence the rounding. */
export function daysBetween(from: Date, to: Date): number {
  const midnight = (moment: Date) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
  return Math.round((midnight(to) - midnight(from)) / (DAY * 1000));
}

export function timeWords(moment: Date): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: "short" }).format(moment);
}

export function momentWords(moment: Date): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" }).format(moment);
}

export function dayWords(moment: Date, present: Date): string {
  const words = FORMS.day_divider_pretty?.(moment, present) ?? "";
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}
