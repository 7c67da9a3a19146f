import { describe, expect, test } from "vitest";
import { richTextOf } from "../src/kit/mrkdwn";

const section = (...elements: unknown[]) => ({ type: "rich_text_section", elements });
const text = (words: string, ...styles: string[]) =>
  styles.length > 0
    ? { type: "text", text: words, style: Object.fromEntries(styles.map((style) => [style, true])) }
    : { type: "text", text: words };

describe("escapes", () => {
  test.each([
    ["&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp;lt;", "<!channel> <https://evil.example|click> &lt;"],
    ["&quot; &#60; &nbsp; &copy;", "&quot; &#60; &nbsp; &copy;"],
    ["&gt; no quote", "> no quote"],
  ])("%s", (mrkdwn, words) => {
    expect(richTextOf(mrkdwn, { verbatim: true })).toEqual([section(text(words))]);
  });

  test("in code", () => {
    expect(richTextOf("`&lt;b&gt; *x* _y_`")).toEqual([section(text("<b> *x* _y_", "code"))]);
    expect(richTextOf("```\n&lt;a&gt;\n  *b*\n```")).toEqual([
      { type: "rich_text_preformatted", elements: [text("<a>\n  *b*")] },
    ]);
  });
});

describe("emphasis", () => {
  test.each([
    ["*a* _b_ ~c~", [text("a", "bold"), text(" "), text("b", "italic"), text(" "), text("c", "strike")]],
    ["*a _b_*", [text("a ", "bold"), text("b", "bold", "italic")]],
    ["*a `b`*", [text("a ", "bold"), text("b", "code", "bold")]],
    ["2*3*4 snake_case_name a~b~c", [text("2*3*4 snake_case_name a~b~c")]],
    ["* a* *b * __init__", [text("* a* *b * __init__")]],
    ["*a\nb*", [text("*a\nb*")]],
    ["(*a*), *b*.", [text("("), text("a", "bold"), text("), "), text("b", "bold"), text(".")]],
  ])("%j", (mrkdwn, elements) => {
    expect(richTextOf(mrkdwn)).toEqual([section(...elements)]);
  });

  test("of the longest texts does not take long", () => {
    const started = performance.now();
    for (const piece of ["*", "*a ", "_a*b~ ", "`", "<", "<!date^", ":a", "> \n", "```"])
      richTextOf(piece.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("brackets", () => {
  test.each([
    ["<@U0MIRA>", { type: "user", user_id: "U0MIRA" }],
    ["<@U0MIRA|mira>", { type: "user", user_id: "U0MIRA" }],
    ["<#C0OPS|operations>", { type: "channel", channel_id: "C0OPS" }],
    ["<!subteam^S0NIGHT>", { type: "usergroup", usergroup_id: "S0NIGHT" }],
    ["<!here>", { type: "broadcast", range: "here" }],
    ["<https://a.example/x?a=1&amp;b=2|more>", { type: "link", url: "https://a.example/x?a=1&b=2", text: "more" }],
    ["<mailto:a@b.example>", { type: "link", url: "mailto:a@b.example" }],
    ["<!date^17^{date}|then>", { type: "date", timestamp: 17, format: "{date}", fallback: "then" }],
  ])("%s", (mrkdwn, element) => {
    expect(richTextOf(mrkdwn, { verbatim: true })).toEqual([section(element)]);
  });

  test.each([
    "<script>",
    "<javascript:alert(1)|x>",
    "<tel:+1>",
    "<data:text/html,x>",
    "<>",
    "<!unknown^x>",
    "<@everyone>",
  ])("%s means nothing, and is shown to the letter", (mrkdwn) => {
    expect(richTextOf(mrkdwn)).toEqual([section(text(mrkdwn))]);
  });

  test("a moment that is none is shown by its fallback", () => {
    expect(richTextOf("<!date^soon^{date}|then>")).toEqual([section(text("then"))]);
  });
});

test("bare addresses are links unless the text is verbatim", () => {
  const link = { type: "link", url: "https://a.example/x" };
  expect(richTextOf("See https://a.example/x.")).toEqual([section(text("See "), link, text("."))]);
  expect(richTextOf("https://a.example/x", { verbatim: true })).toEqual([section(text("https://a.example/x"))]);
});

test("Markdown is not mrkdwn", () => {
  const words = "# a\n[b](https://evil.example) ![c](d)\n| e |\n1. f";
  expect(richTextOf(words, { verbatim: true })).toEqual([section(text(words))]);
});

test("emoji codes stand alone", () => {
  expect(richTextOf("10:30:05 a:b:c")).toEqual([section(text("10:30:05 a:b:c"))]);
  expect(richTextOf("hi :wave:!")).toEqual([section(text("hi "), { type: "emoji", name: "wave" }, text("!"))]);
});

test("quotes", () => {
  expect(richTextOf("a\n> b\n>c\nd")).toEqual([
    section(text("a")),
    { type: "rich_text_quote", elements: [text("b\nc")] },
    section(text("d")),
  ]);
});
