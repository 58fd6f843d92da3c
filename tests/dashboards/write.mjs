// Writes the dashboards of the chart; with `--check`, says whether they are as they
// would be written.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { board } from "./board.mjs";
import { BOARDS, SOURCES, YAML, boards, conclude, files, text } from "./places.mjs";

const isCheck = process.argv.includes("--check");
const faults = [];
const known = new Set();

for (const [name, path] of files(SOURCES, ".yaml")) {
  const target = join(BOARDS, `${name}.json`);
  const json = `${JSON.stringify(board(name, YAML.parse(text(path))), null, 2)}\n`;
  known.add(name);
  if (!isCheck) {
    writeFileSync(target, json);
  } else if (!existsSync(target) || text(target) !== json) {
    faults.push(`${name}.json is not what ${name}.yaml says: make dashboards-write`);
  }
}
for (const [name] of boards()) {
  if (!known.has(name)) {
    faults.push(`${name}.json has no source`);
  }
}
conclude("written", faults);
