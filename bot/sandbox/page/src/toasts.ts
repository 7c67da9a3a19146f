/** Short sentences that come and go. */

import { Box } from "./box";

export type Toast = { id: number; text: string; role: "status" | "alert" };

const SECONDS = 8;
const MOST = 4;

export const toasts = new Box<readonly Toast[]>([]);
let lastId = 0;

export function tell(text: string, role: Toast["role"] = "status"): void {
  const id = ++lastId;
  const others = toasts.get().filter((toast) => toast.text !== text);
  toasts.set([...others, { id, text, role }].slice(-MOST));
  window.setTimeout(() => dismiss(id), SECONDS * 1000);
}

export function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}
