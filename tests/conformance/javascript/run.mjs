// Runs every job; `run.mjs tokens` runs those of one file.
//
// The clients are in `target/conformance/javascript/node_modules`, and Node looks
// for modules above the file that asks for them and nowhere else: so the suite is
// copied beside them.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { HOME, SOURCES } from "./places.mjs";

const modules = (folder) => readdirSync(folder).filter((name) => name.endsWith(".mjs"));

if (!existsSync(join(HOME, "node_modules"))) {
  console.error(`no clients in ${HOME}: npm ci --ignore-scripts, with package.json and its lock`);
  process.exit(1);
}
for (const name of modules(HOME)) {
  rmSync(join(HOME, name));
}
for (const name of modules(SOURCES)) {
  copyFileSync(join(SOURCES, name), join(HOME, name));
}
copyFileSync(join(SOURCES, "package.json"), join(HOME, "package.json"));

const args = [join(HOME, "suite.mjs"), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
process.exit(status ?? 1);
