// Where things are, and what is installed for them.
//
// Node looks for modules above the file that asks for them and nowhere else; these are
// in `target/dashboards`, by `make dashboards`.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";

export const HERE = import.meta.dirname;
export const ROOT = resolve(HERE, "../..");
export const HOME = join(ROOT, "target/dashboards");
export const SOURCES = join(HERE, "source");
export const BOARDS = join(ROOT, "helm/mi-gateway/dashboards");
export const ALERTS = join(ROOT, "helm/mi-gateway/alerts");
export const RUNBOOKS = join(ROOT, "docs/runbooks");
export const PICTURES = join(ROOT, "docs/pictures");
export const METRICS = join(ROOT, "docs/metrics.md");

/** What is installed, by name. */
export const installed = createRequire(join(HOME, "node_modules/"));

export const YAML = installed("yaml");

/** The files of a folder that end so, by their names without it, in order. */
export function files(folder, ending) {
  const names = readdirSync(folder).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => [basename(name, ending), join(folder, name)]);
}

export const text = (path) => readFileSync(path, "utf8");

/** Every dashboard as it stands in the chart, by its name. */
export const boards = () =>
  files(BOARDS, ".json").map(([name, path]) => [name, JSON.parse(text(path))]);

/** Every rule as it stands in the chart, with the file and the group that it is in. */
export const rules = () =>
  files(ALERTS, ".yaml").flatMap(([file, path]) =>
    YAML.parse(text(path)).groups.flatMap((group) =>
      group.rules.map((rule) => ({ file, group: group.name, ...rule })),
    ),
  );

/** Every query that a document shows, with the document; a blank line parts two. */
export function shown() {
  const documents = [["metrics.md", METRICS], ...files(RUNBOOKS, ".md")];
  return documents.flatMap(([name, path]) =>
    [...text(path).matchAll(/```promql\n(.*?)\n *```/gs)]
      .flatMap(([, block]) => block.split(/\n\n/))
      .map((expr) => ({ where: `${name}: ${expr.trim().split("\n")[0]}`, expr: expr.trim() })),
  );
}

/** The panels of a dashboard that show something, and not the rows between them. */
export const panelsOf = (board) => board.panels.filter((panel) => panel.type !== "row");

/** Says what is wrong and ends, with 1 if anything is. */
export function conclude(what, faults) {
  faults.forEach((fault) => console.error(`${what}: ${fault}`));
  console.log(`${what}: ${faults.length === 0 ? "ok" : `${faults.length} faults`}`);
  process.exit(faults.length === 0 ? 0 : 1);
}
