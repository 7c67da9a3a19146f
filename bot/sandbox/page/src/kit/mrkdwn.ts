/**
 * Slack's mrkdwn as rich text, which is what Slack makes of it too.
 *
 * Why not the parser of slack-blocks-to-jsx: tried on 1.1.1, it draws `&lt;script&gt;` to nothing, rewrites what is in
 * code spans, takes Markdown's `[links](…)`, `# headings` and `![images](…)` for markup, and eats the colons of
 * 10:30:05. Its rich text is drawn to the letter, so everything formatted goes through that.
 */

import type { Kit } from "../protocol";
import { emphasised } from "./emphasis";

const ATOMS = /`([^`\n]+)`|<([^<>\n]+)>|(\bhttps?:\/\/[^\s<>|`*]*[^\s<>|`*.,;:!?'")\]}])/g;
const CODES =
  /(?<![\p{L}\p{N}:]):([a-z0-9_+'-]*[a-z+][a-z0-9_+'-]*|-1|100|1234)(?:::skin-tone-([2-6]))?:(?![\p{L}\p{N}])/gu;
const FENCED = /```\n?([\s\S]+?)\n?```/g;
const DATE = /^!date\^(-?\d+)\^([^^|]*)(?:\^([^|]*))?\|([\s\S]*)$/;
const WHOLE_ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/i;

/** The elements of a rich_text block. */
export function richTextOf(mrkdwn: string, { verbatim = false } = {}): Kit[] {
  const elements: Kit[] = [];
  let end = 0;
  for (const found of mrkdwn.matchAll(FENCED)) {
    elements.push(...paragraphs(mrkdwn.slice(end, found.index), verbatim));
    elements.push({ type: "rich_text_preformatted", elements: [text(decoded(found[1] ?? ""))] });
    end = found.index + found[0].length;
  }
  return [...elements, ...paragraphs(mrkdwn.slice(end), verbatim)];
}

/** What Slack escapes, and nothing else. */
export function decoded(escaped: string): string {
  return escaped.replace(/&(lt|gt|amp);/g, (_, name) => (name === "lt" ? "<" : name === "gt" ? ">" : "&"));
}

export function isSafeAddress(address: string): boolean {
  return WHOLE_ADDRESS.test(address);
}

/** Plain text with its emoji codes, if it has any. */
export function withCodes(words: string, style?: Kit): Kit[] {
  const spans: Kit[] = [];
  let end = 0;
  for (const found of words.matchAll(CODES)) {
    if (found.index > end) spans.push(text(words.slice(end, found.index), style));
    spans.push({ type: "emoji", name: found[1], ...(found[2] ? { skin_tone: Number(found[2]) } : {}) });
    end = found.index + found[0].length;
  }
  if (end < words.length) spans.push(text(words.slice(end), style));
  return spans;
}

function paragraphs(mrkdwn: string, verbatim: boolean): Kit[] {
  if (mrkdwn.trim() === "") return [];
  const elements: Kit[] = [];
  let lines: string[] = [];
  let isQuote = false;
  const flush = () => {
    const words = lines.join("\n");
    if (words)
      elements.push({ type: isQuote ? "rich_text_quote" : "rich_text_section", elements: spans(words, verbatim) });
    lines = [];
  };
  // A fence stands on lines of its own, whose breaks are not a paragraph's.
  for (const line of mrkdwn.replace(/^\n|\n$/g, "").split("\n")) {
    const quoted = /^> ?(.*)$/.exec(line);
    if (Boolean(quoted) !== isQuote) flush();
    isQuote = Boolean(quoted);
    lines.push(quoted ? (quoted[1] ?? "") : line);
  }
  flush();
  return elements;
}

function spans(words: string, verbatim: boolean): Kit[] {
  const pieces: (string | Kit)[] = [];
  let end = 0;
  for (const found of words.matchAll(ATOMS)) {
    const atom = atomOf(found, verbatim);
    if (!atom) continue;
    pieces.push(words.slice(end, found.index), atom);
    end = found.index + found[0].length;
  }
  pieces.push(words.slice(end));
  return emphasised(pieces).flatMap((span) =>
    typeof span.piece === "string" ? withCodes(decoded(span.piece), span.style) : [styled(span.piece, span.style)],
  );
}

/** A code span, a link, a mention, a date; null for brackets that mean nothing, which are shown to the letter. */
function atomOf(found: RegExpExecArray, verbatim: boolean): Kit | null {
  const [, code, bracketed, bare] = found;
  if (code !== undefined) return text(decoded(code), { code: true });
  if (bracketed !== undefined) return bracketedAtom(bracketed);
  return bare !== undefined && !verbatim ? { type: "link", url: decoded(bare) } : null;
}

function bracketedAtom(inside: string): Kit | null {
  const date = DATE.exec(inside);
  if (date) {
    const [, timestamp, format = "", url = "", fallback = ""] = date;
    const link = isSafeAddress(decoded(url)) ? { url: decoded(url) } : {};
    return {
      type: "date",
      timestamp: Number(timestamp),
      format: decoded(format),
      fallback: decoded(fallback),
      ...link,
    };
  }
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : decoded(inside.slice(bar + 1));
  if (/^@[UW]\w+$/.test(target)) return { type: "user", user_id: target.slice(1) };
  if (/^#[CGD]\w+$/.test(target)) return { type: "channel", channel_id: target.slice(1) };
  if (/^!subteam\^S\w+$/.test(target)) return { type: "usergroup", usergroup_id: target.slice("!subteam^".length) };
  if (/^!(here|channel|everyone)$/.test(target)) return { type: "broadcast", range: target.slice(1) };
  if (target.startsWith("!date^") && label) return text(label);
  if (!isSafeAddress(decoded(target))) return null;
  return { type: "link", url: decoded(target), ...(label ? { text: label } : {}) };
}

function text(words: string, style?: Kit): Kit {
  return style && Object.keys(style).length > 0 ? { type: "text", text: words, style } : { type: "text", text: words };
}

function styled(atom: Kit, style: Kit): Kit {
  if (Object.keys(style).length === 0) return atom;
  const own = typeof atom.style === "object" ? atom.style : {};
  return { ...atom, style: { ...own, ...style } };
}
