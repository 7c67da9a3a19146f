import { cleanup, render } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Attachment } from "../src/kit/attachments";
import { Blocks } from "../src/kit/blocks";
import { SurfaceProvider } from "../src/kit/surface";

const SURFACE = { spot: { view: "V1" }, channel: null, values: {}, fill: () => undefined, errors: {} };

function drawn(...blocks: unknown[]): HTMLElement {
  return render(
    <SurfaceProvider value={SURFACE}>
      <Blocks blocks={blocks} />
    </SurfaceProvider>,
  ).container;
}

const section = (text: unknown) => ({ type: "section", text });
const plain = (text: string, emoji = false) => ({ type: "plain_text", text, emoji });
const mrkdwn = (text: string) => ({ type: "mrkdwn", text, verbatim: true });
const unsupported = (container: HTMLElement) =>
  [...container.querySelectorAll(".unsupported > strong")].map((element) => element.textContent);

afterEach(cleanup);

const HOSTILE = [
  "<!channel>",
  "<https://evil.example|click>",
  "[click](https://evil.example) ![i](https://evil.example/i.png)",
  "*bold* _italic_ ~strike~",
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  "`a``b```c",
  "\u202egnp.exe \u0000 :wave: 10:30:05",
  "a\n\n\n   b\t c",
  "x".repeat(4_000),
];

/** Text without what mrkdwn may take away: its marks, blanks around paragraphs, the code of an emoji. */
const bare = (text: string) => text.replace(/:wave:|👋|[*_~`\s]/gu, "");

describe("hostile text", () => {
  test.each(HOSTILE)("as plain text is drawn to the letter: %j", (text) => {
    for (const block of [
      section(plain(text)),
      { type: "header", text: plain(text) },
      { type: "context", elements: [plain(text)] },
    ]) {
      const container = drawn(block);
      expect(container.textContent).toBe(text);
      expect(container.querySelector("a, script, img, b, i, code, .chip")).toBeNull();
      cleanup();
    }
  });

  test.each(HOSTILE)("escaped in mrkdwn pings nobody and links nowhere: %j", (text) => {
    const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    const container = drawn(section(mrkdwn(`Call ${escaped}`)));
    expect(container.querySelector("a, script, img, .chip")).toBeNull();
    expect(bare(container.textContent ?? "")).toBe(bare(`Call ${text}`));
  });

  test("no address but http(s) and mailto can be clicked", () => {
    const link = (url: string) => ({ type: "link", url, text: url });
    const elements = [
      "javascript:alert(1)",
      "data:text/html,x",
      "vbscript:x",
      "https://a.example/",
      "mailto:a@b.example",
    ];
    const container = drawn({
      type: "rich_text",
      elements: [{ type: "rich_text_section", elements: elements.map(link) }],
    });
    const links = [...container.querySelectorAll("a")].map((element) => element.getAttribute("href"));
    expect(links).toEqual(["https://a.example/", "mailto:a@b.example"]);
    expect(container.textContent).toBe(elements.join(""));
  });
});

describe("what cannot be drawn is shown as unsupported", () => {
  test.each([
    [{ type: "hologram", a: 1 }, "hologram"],
    [{ type: "constructor" }, "constructor"],
    [{ type: "section" }, "section"],
    [{ type: "actions", elements: [{ type: "lever", action_id: "a" }] }, "lever"],
    [{ type: "context", elements: [{ type: "smell" }] }, "smell"],
    [{ type: "section", text: { type: "mrkdwn", text: "x" }, accessory: { type: "lever" } }, "lever"],
    [{ type: "input", label: plain("x"), element: { type: "file_input" } }, "file_input"],
    [{ type: "rich_text", elements: [{ type: "rich_text_song", elements: [] }] }, "rich_text_song"],
    [{ type: "rich_text", elements: [] }, "rich_text"],
    [{ type: "rich_text" }, "rich_text"],
    [{ type: "markdown", text: "" }, "markdown"],
    [{ type: "table", rows: [[{ type: "smell", a: 1 }]] }, "smell"],
  ])("%j", (block, type) => {
    const container = drawn(block);
    expect(unsupported(container)).toContain(`Unsupported: ${type}`);
  });

  test.each([
    ["no block at all", "string"],
    [null, "object"],
    [7, "number"],
  ])("%j", (block, type) => {
    expect(unsupported(drawn(block))).toEqual([`Unsupported: ${type}`]);
  });

  test("deep inside of rich text, beside what can be drawn", () => {
    const item = {
      type: "rich_text_section",
      elements: [
        { type: "text", text: "seen" },
        { type: "smell", of: "roses" },
      ],
    };
    const container = drawn({
      type: "rich_text",
      elements: [{ type: "rich_text_list", style: "bullet", elements: [item] }],
    });
    expect(container.textContent).toContain("seen");
    expect(container.querySelector(".unsupported pre")?.textContent).toContain("roses");
  });

  test("a block that throws takes no other with it", () => {
    const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const container = drawn({ type: "markdown", text: { toString: null } }, section(plain("still here")));
    expect(unsupported(container)).toEqual(["Unsupported: markdown"]);
    expect(container.textContent).toContain("still here");
    silent.mockRestore();
  });

  test("attachments", () => {
    const draw = (attachment: Record<string, unknown>) =>
      render(
        <SurfaceProvider value={SURFACE}>
          <Attachment attachment={attachment} />
        </SurfaceProvider>,
      ).container;
    expect(unsupported(draw({ fallback: "*plain*", color: "#ff0000" }))).toEqual([]);
    expect(unsupported(draw({ text: "a", author_icon: "b" }))).toEqual(["Unsupported: attachment"]);
    expect(unsupported(draw({}))).toEqual(["Unsupported: attachment"]);
  });
});

test("a rich text date without a format of Slack's is shown by its fallback", () => {
  const date = { type: "date", timestamp: 1_705_314_605, format: "{weekday}", fallback: "2024-01-15 10:30:05 UTC" };
  const container = drawn({ type: "rich_text", elements: [{ type: "rich_text_section", elements: [date] }] });
  expect(container.textContent).toBe("2024-01-15 10:30:05 UTC");
});

test("elements have names", () => {
  const option = (value: string) => ({ text: plain(value), value });
  const options = [option("a"), option("b")];
  const { getByRole } = render(
    <SurfaceProvider value={SURFACE}>
      <Blocks
        blocks={[
          {
            type: "actions",
            block_id: "b",
            elements: [
              { type: "button", action_id: "x", text: plain("Refresh"), accessibility_label: "Read call 1 again" },
              {
                type: "static_select",
                action_id: "y",
                placeholder: plain("Pick"),
                options,
                initial_option: options[1],
              },
            ],
          },
          {
            type: "input",
            block_id: "c",
            label: plain("Call id"),
            hint: plain("In full"),
            element: { type: "plain_text_input", action_id: "z", initial_value: "abc" },
          },
        ]}
      />
    </SurfaceProvider>,
  );
  expect(getByRole("button", { name: "Read call 1 again" }).textContent).toBe("Refresh");
  expect((getByRole("combobox", { name: "Pick" }) as HTMLSelectElement).value).toBe("b");
  expect((getByRole("textbox", { name: "Call id" }) as HTMLInputElement).value).toBe("abc");
});
