// Bundles the browser's half. `--check` fails where a committed bundle is not what the sources give; `--watch` goes on.

import { readFile, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import * as esbuild from "esbuild";

const RULE = "-".repeat(78);

const options = {
  entryPoints: {
    livemap: "datafast_nb/livemap/src/main.tsx",
    explorer: "datafast_nb/explorer/src/main.tsx",
    explorer_alone: "datafast_nb/explorer/src/alone.ts",
    chart: "datafast_nb/charts/src/view.ts",
    load: "datafast_nb/widgets/src/load.ts",
    alone: "datafast_nb/livemap/src/alone.ts",
  },
  outdir: "datafast_nb/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2023",
  supported: { nesting: false }, // of CSS, which older browsers ignore with all that is in it
  minify: true,
  charset: "utf8",
  loader: { ".png": "dataurl" },
  plugins: [{ name: "leaflet.heat", setup: ({ onLoad }) => onLoad({ filter: /leaflet-heat\.js$/ }, withLeaflet) }],
  legalComments: "inline",
  metafile: true,
  preserveSymlinks: true, // a linked node_modules is one, for the licenses
  logLevel: "warning",
};

if (process.argv.includes("--watch")) {
  await (await esbuild.context({ ...options, logLevel: "info" })).watch();
} else {
  const { outputFiles, metafile } = await esbuild.build({ ...options, write: false });
  const built = new Map(outputFiles.map(({ path, text }) => [path, text]));
  built.set(resolve(options.outdir, "NOTICE"), await notice(metafile));
  if (process.argv.includes("--check")) await check(built);
  else for (const [path, text] of built) await writeFile(path, text);
}

/** Load what takes Leaflet for a global of the page, as a module that imports it. */
async function withLeaflet({ path }) {
  return { contents: `import L from "leaflet";${await readFile(path, "utf8")}` };
}

/** Return the licenses of the libraries that the bundles hold. */
async function notice({ inputs }) {
  const folders = Object.keys(inputs).map((path) => path.match(/^node_modules\/(@[^/]+\/)?[^/]+/)?.[0]);
  const libraries = [...new Set(folders.filter(Boolean))].sort();
  const licenses = libraries.map(async (folder) => {
    const { name, version, homepage, repository } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const license = await readFile(`${folder}/LICENSE`, "utf8");
    return `${name} ${version} (${homepage ?? repository})\n\n${license.trim()}\n`;
  });
  return ["The scripts in this folder hold these libraries.\n", ...(await Promise.all(licenses))].join(`\n${RULE}\n\n`);
}

async function check(built) {
  const stale = [];
  for (const [path, text] of built) {
    if ((await readFile(path, "utf8").catch(() => null)) !== text) stale.push(basename(path));
  }
  if (!stale.length) return;
  console.error(
    `Not what the sources give: ${stale.join(", ")}. Run "npm run build" and commit datafast_nb/widgets/static.`,
  );
  process.exitCode = 1;
}
