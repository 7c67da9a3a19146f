import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  logLevel: "warn",
  plugins: [react()],
  build: {
    outDir: "dist",
    sourcemap: false,
    // From this very machine; of it, some 900 kB are the library's, with its emoji and languages.
    chunkSizeWarningLimit: 1500,
    target: "es2022",
  },
  test: { environment: "jsdom", setupFiles: ["tests/setup.ts"], env: { TZ: "Europe/Berlin" } },
});
