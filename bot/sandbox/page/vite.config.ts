import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: { outDir: "dist", sourcemap: false, target: "es2022" },
  test: { environment: "jsdom", setupFiles: ["tests/setup.ts"], env: { TZ: "Europe/Berlin" } },
});
