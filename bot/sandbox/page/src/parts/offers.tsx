/** The list of what can be completed, above the composer. */

import { useEffect, useRef } from "react";
import type { Offer } from "./completion";

type Props = { id: string; offers: readonly Offer[]; active: number; accept: (offer: Offer) => void };

export function OfferList({ id, offers, active, accept }: Props) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <ul ref={list} id={id} className="offers" role="listbox" aria-label="Suggestions">
      {offers.map((offer, at) => (
        <li
          key={offer.words}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === active}
          // A click must not take the focus from where one types.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => accept(offer)}
        >
          <strong>{offer.words}</strong> <span>{offer.detail}</span>
        </li>
      ))}
    </ul>
  );
}
