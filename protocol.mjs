// Writes TypeScript's types of what kernel and browser say to each other, from datafast_nb/widgets/protocol.py.
// `--check` fails where the committed types are not what the Python gives. PYTHON names an interpreter with msgspec.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compile } from "json-schema-to-typescript";

const TYPES = "datafast_nb/widgets/src/protocol.ts";
const SCHEMA = "import json; from datafast_nb.widgets.protocol import schema; print(json.dumps(schema()))";
const HEAD = '// Generated from datafast_nb/widgets/protocol.py by "npm run protocol". Change that, not this.\n';
const REFERENCED = /( \*\n)? \* This interface was referenced by `Protocol`'s JSON-Schema\n \* via the .*\n/g;
const EMPTY = /\/\*\*\n \*\/\n|export interface Protocol {}\n/g;

/** Return the interpreter: the one that is named, or that of the environment beside the repository. */
function python() {
  if (process.env.PYTHON) return process.env.PYTHON;
  const repository = execFileSync("git", ["rev-parse", "--path-format=absolute", "--git-common-dir"], {
    encoding: "utf8",
  });
  const beside = join(dirname(repository.trim()), ".venv/bin/python");
  return existsSync(beside) ? beside : "python3";
}

const schema = JSON.parse(
  execFileSync(python(), ["-c", SCHEMA], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: process.cwd() },
  }),
  (_key, value) => {
    if (value?.contentEncoding) return { ...value, tsType: "DataView" }; // bytes, which are sent as buffers
    return value?.type === "object" && !value.properties ? { additionalProperties: true, ...value } : value; // a dictionary
  },
);
const types = await compile({ ...schema, type: "object", additionalProperties: false }, "Protocol", {
  bannerComment: "",
  additionalProperties: false,
  unreachableDefinitions: true,
  ignoreMinAndMaxItems: true,
  format: true,
  style: { printWidth: 120 },
});
const wanted = HEAD + types.replace(REFERENCED, "").replace(EMPTY, "");

if (!process.argv.includes("--check")) await writeFile(TYPES, wanted);
else if ((await readFile(TYPES, "utf8").catch(() => null)) !== wanted) {
  console.error(`Not what datafast_nb/widgets/protocol.py gives: ${TYPES}. Run "npm run protocol" and commit it.`);
  process.exitCode = 1;
}
