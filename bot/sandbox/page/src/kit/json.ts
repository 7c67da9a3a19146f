/** Reading foreign JSON: whatever the bot sent, nothing here throws. */

import type { Kit } from "../protocol";

export function isKit(value: unknown): value is Kit {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function kitAt(kit: Kit, key: string): Kit | null {
  const value = kit[key];
  return isKit(value) ? value : null;
}

export function kitsAt(kit: Kit, key: string): Kit[] {
  const value = kit[key];
  return Array.isArray(value) ? value.filter(isKit) : [];
}

export function stringAt(kit: Kit, key: string): string {
  const value = kit[key];
  return typeof value === "string" ? value : "";
}

export function numberAt(kit: Kit, key: string): number | null {
  const value = kit[key];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** The characters of a text object, whatever its type; of a bare string, itself. */
export function wordsOf(text: unknown): string {
  if (typeof text === "string") return text;
  return isKit(text) ? stringAt(text, "text") : "";
}
