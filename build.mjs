// Bundles the browser's half. `--check` fails where a committed bundle is not what the sources give; `--watch` goes on.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import * as esbuild from "esbuild";

const options = {
  entryPoints: {
    livemap: "datafast_nb/livemap/src/main.js",
    explorer: "datafast_nb/explorer/src/main.tsx",
    chart: "datafast_nb/charts/src/view.ts",
    load: "datafast_nb/widgets/src/load.ts",
  },
  outdir: "datafast_nb/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2023",
  minify: true,
  charset: "utf8",
  legalComments: "inline",
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  await (await esbuild.context({ ...options, logLevel: "info" })).watch();
} else if (process.argv.includes("--check")) {
  const { outputFiles } = await esbuild.build({ ...options, write: false });
  const stale = [];
  for (const { path, text } of outputFiles) {
    if ((await readFile(path, "utf8").catch(() => null)) !== text) stale.push(basename(path));
  }
  if (stale.length) {
    console.error(
      `Not what the sources give: ${stale.join(", ")}. Run "npm run build" and commit datafast_nb/widgets/static.`,
    );
    process.exitCode = 1;
  }
} else {
  await esbuild.build(options);
}
