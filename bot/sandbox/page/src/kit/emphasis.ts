/** *Bold*, _italic_ and ~strike~ around words and around what is no text, such as a mention. */

import type { Kit } from "../protocol";

type Piece = string | Kit;
export type Span = { piece: Piece; style: Kit };

const MARKS: Readonly<Record<string, string>> = { "*": "bold", _: "italic", "~": "strike" };
const WORDLY = /[\p{L}\p{N}]/u;

/** Splits at the marks. A mark opens after and before no letter or digit, and closes on the same line. */
export function emphasised(pieces: readonly Piece[]): Span[] {
  const units: Piece[] = pieces.flatMap((piece): Piece[] => (typeof piece === "string" ? [...piece] : [piece]));
  return joined(parse(units, 0, units.length, {}));
}

function parse(units: readonly Piece[], start: number, end: number, style: Kit): Span[] {
  const spans: Span[] = [];
  // A mark that does not close is looked for once a line, not once more at each of its kind: texts may be long.
  const openUntil = new Map<string, number>();
  for (let at = start; at < end; at++) {
    const unit = units[at] ?? "";
    const mark = typeof unit === "string" ? MARKS[unit] : undefined;
    const close =
      mark && at >= (openUntil.get(mark) ?? 0) && opens(units, at, start, end) ? closing(units, at, end) : null;
    if (mark && close?.isFound) {
      spans.push(...parse(units, at + 1, close.at, { ...style, [mark]: true }));
      at = close.at;
      continue;
    }
    if (mark && close) openUntil.set(mark, close.at);
    spans.push({ piece: unit, style });
  }
  return spans;
}

function opens(units: readonly Piece[], at: number, start: number, end: number): boolean {
  const before = at > start ? units[at - 1] : undefined;
  const after = at + 1 < end ? units[at + 1] : undefined;
  return !isWordly(before) && before !== units[at] && after !== undefined && after !== units[at] && !isBlank(after);
}

/** Where the mark closes, or the end of its line. */
function closing(units: readonly Piece[], opened: number, end: number): { at: number; isFound: boolean } {
  for (let at = opened + 1; at < end; at++) {
    if (units[at] === "\n") return { at, isFound: false };
    const after = at + 1 < end ? units[at + 1] : undefined;
    const fits = units[at] === units[opened] && !isBlank(units[at - 1]) && !isWordly(after) && after !== units[at];
    if (fits && at > opened + 1) return { at, isFound: true };
  }
  return { at: end, isFound: false };
}

function isWordly(unit: Piece | undefined): boolean {
  return typeof unit === "string" && WORDLY.test(unit);
}

function isBlank(unit: Piece | undefined): boolean {
  return typeof unit === "string" && unit.trim() === "";
}

function joined(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of spans) {
    const last = found.at(-1);
    if (last && last.style === span.style && typeof last.piece === "string" && typeof span.piece === "string") {
      found[found.length - 1] = { piece: last.piece + span.piece, style: span.style };
    } else {
      found.push(span);
    }
  }
  return found;
}
