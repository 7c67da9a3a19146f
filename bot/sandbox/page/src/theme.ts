/** Light or dark: the system's, unless this reader has chosen. */

import { useEffect, useSyncExternalStore } from "react";
import { Box, useBox } from "./box";

export type Choice = "auto" | "light" | "dark";

const PLACE = "samora-sandbox-theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

const choice = new Box<Choice>(stored());

function stored(): Choice {
  const found = window.localStorage.getItem(PLACE);
  return found === "light" || found === "dark" ? found : "auto";
}

export function choose(next: Choice): void {
  window.localStorage.setItem(PLACE, next);
  choice.set(next);
}

export function useTheme(): { chosen: Choice; shown: "light" | "dark" } {
  const chosen = useBox(choice);
  const isDark = useSyncExternalStore(watchSystem, () => dark.matches);
  return { chosen, shown: chosen === "auto" ? (isDark ? "dark" : "light") : chosen };
}

/** Lets the style sheets know. */
export function useThemeOnPage(): void {
  const { shown } = useTheme();
  useEffect(() => {
    document.documentElement.dataset.theme = shown;
  }, [shown]);
}

function watchSystem(listener: () => void): () => void {
  dark.addEventListener("change", listener);
  return () => dark.removeEventListener("change", listener);
}
