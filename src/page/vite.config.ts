/** Builds the inspector's page to dist/page: one script, one style sheet, nothing from elsewhere. */
import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  // The server serves it below this path.
  base: "/inspect/",
  publicDir: false,
  build: {
    outDir: "../../dist/page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
});
