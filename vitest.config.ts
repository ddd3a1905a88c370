import { defineConfig } from "vitest/config";

process.env.TZ = "America/St_Johns"; // a zone that no test is about, so that none is right by accident

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { include: ["datafast_nb/*/src/**/*.test.{ts,tsx}"] },
});
