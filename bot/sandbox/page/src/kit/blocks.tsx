/** Block Kit's blocks: each type's own drawing inside a boundary of its own, or the box for those unknown. */

import type { ComponentType } from "react";
import type { Kit } from "../protocol";
import { InputBlock } from "./input_block";
import { isKit, kitAt, kitsAt, stringAt } from "./json";
import { Element } from "./elements";
import { Drawn } from "./library";
import { Card, Carousel, Container } from "./nested";
import { ImageBlock, Picture } from "./pictures";
import { PlainText, TextObject } from "./text";
import { unknownInside } from "./unknown";
import { Guarded, Unsupported } from "./unsupported";

type Drawing = ComponentType<{ block: Kit }>;

const DRAWINGS: Readonly<Record<string, Drawing>> = {
  section: Section,
  header: Header,
  divider: () => <hr className="divider" />,
  context: Context,
  actions: Actions,
  context_actions: Actions,
  input: InputBlock,
  image: ImageBlock,
  rich_text: RichText,
  markdown: ({ block }) => <Drawn block={block} />,
  table: Table,
  alert: Alert,
  card: Card,
  carousel: Carousel,
  container: Container,
};

export function Blocks({ blocks }: { blocks: readonly unknown[] }) {
  return (
    <div className="blocks">
      {blocks.map((block, at) => (
        <Block key={isKit(block) ? stringAt(block, "block_id") || at : at} block={block} />
      ))}
    </div>
  );
}

export function Block({ block }: { block: unknown }) {
  const type = isKit(block) ? (block.type ?? "") : "";
  const Drawing = Object.hasOwn(DRAWINGS, type) ? DRAWINGS[type] : undefined;
  if (!isKit(block) || !Drawing) return <Unsupported what={block} />;
  return (
    <Guarded what={block}>
      <div className={`block block-${type}`}>
        <Drawing block={block} />
      </div>
    </Guarded>
  );
}

function Section({ block }: { block: Kit }) {
  const fields = Array.isArray(block.fields) ? block.fields : [];
  const accessory = kitAt(block, "accessory");
  if (block.text === undefined && fields.length === 0) return <Unsupported what={block} />;
  return (
    <div className="section">
      <div className="section-words">
        {block.text !== undefined && <TextObject text={block.text} />}
        {fields.length > 0 && (
          <div className="fields">
            {fields.map((field, at) => (
              <div key={at}>
                <TextObject text={field} />
              </div>
            ))}
          </div>
        )}
      </div>
      {accessory && (
        <div className="section-accessory">
          <Element block={block} element={accessory} />
        </div>
      )}
    </div>
  );
}

function Header({ block }: { block: Kit }) {
  return (
    <h3 className="header">
      <PlainText text={block.text} />
    </h3>
  );
}

function Context({ block }: { block: Kit }) {
  return (
    <div className="context">
      {kitsAt(block, "elements").map((element, at) => (
        <Guarded key={at} what={element}>
          {element.type === "image" ? (
            <Picture image={element} isSmall />
          ) : element.type === "mrkdwn" || element.type === "plain_text" ? (
            <TextObject text={element} />
          ) : (
            <Unsupported what={element} />
          )}
        </Guarded>
      ))}
    </div>
  );
}

function Actions({ block }: { block: Kit }) {
  const elements = Array.isArray(block.elements) ? block.elements : [];
  if (elements.length === 0) return <Unsupported what={block} />;
  return (
    <div className="actions">
      {elements.map((element: unknown, at) =>
        isKit(element) ? (
          <Element key={stringAt(element, "action_id") || at} block={block} element={element} />
        ) : (
          <Unsupported key={at} what={element} />
        ),
      )}
    </div>
  );
}

function RichText({ block }: { block: Kit }) {
  const unknown = unknownInside(block);
  if (unknown.includes(block)) return <Unsupported what={block} />;
  const isAllUnknown = kitsAt(block, "elements").every((element) => unknown.includes(element));
  return (
    <>
      {(!isAllUnknown || unknown.length === 0) && <Drawn block={block} />}
      {unknown.map((part, at) => (
        <Unsupported key={at} what={part} />
      ))}
    </>
  );
}

function Table({ block }: { block: Kit }) {
  const cells = Array.isArray(block.rows) ? block.rows.flat() : [];
  const strange = cells.filter(
    (cell) => !isKit(cell) || !["raw_text", "raw_number", "rich_text"].includes(cell.type ?? ""),
  );
  const inside = cells.filter(isKit).flatMap((cell) => (cell.type === "rich_text" ? unknownInside(cell) : []));
  return (
    <>
      <Drawn block={block} />
      {[...strange, ...inside].map((part, at) => (
        <Unsupported key={at} what={part} />
      ))}
    </>
  );
}

function Alert({ block }: { block: Kit }) {
  return (
    <div className={`alert alert-${stringAt(block, "level") || "default"}`} role="note">
      <TextObject text={block.text} />
    </div>
  );
}
