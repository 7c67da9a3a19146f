/** Blocks that hold blocks or elements below a title: cards, rows of them, containers. */

import { useState } from "react";
import type { Kit } from "../protocol";
import { Block, Blocks } from "./blocks";
import { Element } from "./elements";
import { kitAt, kitsAt } from "./json";
import { Picture } from "./pictures";
import { TextObject } from "./text";

export function Card({ block }: { block: Kit }) {
  const [hero, icon] = [kitAt(block, "hero_image"), kitAt(block, "icon")];
  const actions = kitsAt(block, "actions");
  return (
    <div className="card">
      {hero && <Picture image={hero} />}
      <div className="card-head">
        {icon && <Picture image={icon} isSmall />}
        <Titles block={block} />
      </div>
      {block.body !== undefined && <TextObject text={block.body} />}
      {block.subtext !== undefined && (
        <small>
          <TextObject text={block.subtext} />
        </small>
      )}
      {actions.length > 0 && (
        <div className="actions">
          {actions.map((element, at) => (
            <Element key={at} block={block} element={element} />
          ))}
        </div>
      )}
    </div>
  );
}

export function Carousel({ block }: { block: Kit }) {
  return (
    <div className="carousel" role="group" aria-label="Cards" tabIndex={0}>
      {kitsAt(block, "elements").map((card, at) => (
        <Block key={at} block={card} />
      ))}
    </div>
  );
}

export function Container({ block }: { block: Kit }) {
  const [isOpen, setOpen] = useState(block.default_collapsed !== true);
  const children = Array.isArray(block.child_blocks) ? block.child_blocks : [];
  const isCollapsible = block.is_collapsible === true;
  return (
    <div className="card">
      <div className="card-head">
        <Titles block={block} />
        {isCollapsible && (
          <button type="button" className="quiet" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {isOpen ? "Collapse" : "Expand"}
          </button>
        )}
      </div>
      {(isOpen || !isCollapsible) && <Blocks blocks={children} />}
    </div>
  );
}

function Titles({ block }: { block: Kit }) {
  const richTitle = kitAt(block, "rich_text_title");
  return (
    <div className="titles">
      {block.title !== undefined && (
        <strong>
          <TextObject text={block.title} />
        </strong>
      )}
      {richTitle && <Block block={richTitle} />}
      {block.subtitle !== undefined && (
        <small>
          <TextObject text={block.subtitle} />
        </small>
      )}
    </div>
  );
}
