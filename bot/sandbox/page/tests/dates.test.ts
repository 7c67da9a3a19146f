import { describe, expect, test } from "vitest";
import { daysBetween, formatDate } from "../src/kit/dates";

// 2024-01-15 11:30:05 in Berlin.
const MOMENT = 1_705_314_605;
const at = (days: number, seconds = 0) => new Date((MOMENT + days * 86_400 + seconds) * 1000);
const shown = (format: string, present = at(40)) =>
  formatDate(MOMENT, format, present, "en-US")?.replace(/\u202f/g, " ");

describe("Slack's date tokens", () => {
  test.each([
    ["{date_num}", "2024-01-15"],
    ["{date}", "January 15, 2024"],
    ["{date_short}", "Jan 15, 2024"],
    ["{date_long}", "Monday, January 15, 2024"],
    ["{date_slash}", "01/15/2024"],
    ["{time}", "11:30 AM"],
    ["{time_secs}", "11:30:05 AM"],
    ["Read {date_short_pretty}, {time_secs}.", "Read Jan 15, 2024, 11:30:05 AM."],
  ])("%s", (format, words) => {
    expect(shown(format)).toBe(words);
  });

  test.each([
    [-1, "tomorrow"],
    [0, "today"],
    [1, "yesterday"],
    [2, "January 15, 2024"],
  ])("%i days later it is %s", (days, words) => {
    expect(shown("{date_pretty}", at(days))).toBe(words);
  });

  test.each([
    [0, 40, "40 seconds ago"],
    [0, 180, "3 minutes ago"],
    [2, 0, "2 days ago"],
    [0, -3600, "in 1 hour"],
  ])("%i days and %i seconds later: %s", (days, seconds, words) => {
    expect(shown("{ago}", at(days, seconds))).toBe(words);
  });

  test("in the reader's language", () => {
    expect(formatDate(MOMENT, "{date_long}", at(40), "de")).toBe("Montag, 15. Januar 2024");
    expect(formatDate(MOMENT, "{date_short_pretty}", at(0), "de")).toBe("heute");
  });

  test.each(["no token", "{}", "{constructor}", "{date} {weekday}", ""])("%j is none of Slack's", (format) => {
    expect(shown(format)).toBeUndefined();
  });

  test("a moment that is none has no words", () => {
    expect(formatDate(Number.NaN, "{date}", at(0))).toBeNull();
    expect(formatDate(9e15, "{date}", at(0))).toBeNull();
  });
});

test("a day that the clocks change on is one day", () => {
  expect(daysBetween(new Date(2024, 2, 30, 23), new Date(2024, 2, 31, 23))).toBe(1);
  expect(daysBetween(new Date(2024, 2, 31, 1), new Date(2024, 2, 31, 23))).toBe(0);
});
