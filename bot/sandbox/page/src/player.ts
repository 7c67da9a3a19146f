/** What is played at the bottom of the page: one recording at a time. */

import { Box } from "./box";

/** `turn` tells one press from the next, even if the address is the same. */
export type Playing = { address: string; title: string; turn: number };

export const playing = new Box<Playing | null>(null);
let turns = 0;

export const player = {
  play: (what: { address: string; title: string }) => playing.set({ ...what, turn: ++turns }),
  stop: () => playing.set(null),
};
