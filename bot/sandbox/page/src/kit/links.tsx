/** Addresses: media play in the page, the rest opens in a tab of its own. Only http(s) and mailto can be clicked. */

import type { MouseEvent, ReactNode } from "react";
import { player } from "../player";
import { isSafeAddress } from "./mrkdwn";

const MEDIA = /\.(wav|mp3|ogg|m4a)$/i;

export function isMedia(address: string): boolean {
  return URL.canParse(address) && MEDIA.test(new URL(address).pathname);
}

/** "Recording of call 7f3a2c1e" where the address names a call; otherwise what was pressed. */
function mediaTitle(address: string, pressed: string): string {
  const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.exec(address)?.[0];
  return id ? `Recording of call ${id.slice(0, 8)}` : pressed;
}

/** To be called while a click is handled: browsers let no other moment open a tab. */
export function openAddress(address: string, title: string): void {
  if (!isSafeAddress(address)) return;
  if (isMedia(address)) player.play({ address, title: mediaTitle(address, title) });
  else window.open(address, "_blank", "noopener,noreferrer");
}

export function Address({ url, children }: { url: string; children: ReactNode }) {
  if (!isSafeAddress(url)) return <>{children}</>;
  const play = (event: MouseEvent<HTMLAnchorElement>) => {
    if (!isMedia(url)) return;
    event.preventDefault();
    player.play({ address: url, title: mediaTitle(url, event.currentTarget.textContent ?? "Recording") });
  };
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" onClick={play}>
      {children}
    </a>
  );
}
