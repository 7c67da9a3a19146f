/** Images; where one does not load, its text stands for it. */

import { useState } from "react";
import type { Kit } from "../protocol";
import { kitAt, stringAt } from "./json";
import { isSafeAddress } from "./mrkdwn";
import { PlainText } from "./text";

export function Picture({ image, isSmall = false }: { image: Kit; isSmall?: boolean }) {
  const [broken, setBroken] = useState("");
  const address = stringAt(image, "image_url") || stringAt(kitAt(image, "slack_file") ?? {}, "url");
  const words = stringAt(image, "alt_text");
  if (!isSafeAddress(address) || broken === address) {
    return (
      <span className="picture-missing" role="img" aria-label={words}>
        <span aria-hidden="true">▨</span> {words || "Image"}
      </span>
    );
  }
  return (
    <img
      className={isSmall ? "picture picture-small" : "picture"}
      src={address}
      alt={words}
      referrerPolicy="no-referrer"
      onError={() => setBroken(address)}
    />
  );
}

export function ImageBlock({ block }: { block: Kit }) {
  return (
    <figure className="figure">
      {kitAt(block, "title") && (
        <figcaption>
          <PlainText text={block.title} />
        </figcaption>
      )}
      <Picture image={block} />
    </figure>
  );
}
