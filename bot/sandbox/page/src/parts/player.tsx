/** The recording that plays, docked at the bottom. */

import { useState } from "react";
import { useBox } from "../box";
import { type Playing, player, playing } from "../player";

export function Player() {
  const what = useBox(playing);
  return what && <Card key={what.turn} what={what} />;
}

function Card({ what }: { what: Playing }) {
  const [isDead, setDead] = useState(false);
  // Chromium plays an address that it has just played from memory, even if it is dead meanwhile. Another fragment makes
  // it ask again, and never reaches the server, whose signature covers the whole query.
  const address = what.address.includes("#") ? what.address : `${what.address}#turn-${what.turn}`;
  return (
    <section className="player" aria-label="Player">
      <div className="player-words">
        <strong>{what.title}</strong>
        {isDead && (
          <p role="alert">
            This link doesn't work any more: links die after 60 minutes. Press Recording on the card for a new one.
          </p>
        )}
      </div>
      {!isDead && <audio controls autoPlay src={address} aria-label={what.title} onError={() => setDead(true)} />}
      <button type="button" className="icon-button" aria-label="Close player" onClick={player.stop}>
        <span aria-hidden="true">✕</span>
      </button>
    </section>
  );
}
