// What a run leaves behind: a line of JSON for each job, and whether all is well.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";

import { HOME, JOBS, RESULTS } from "./places.mjs";

/** The package that a job is about, by the beginning of its id. */
const CLIENTS = [
  ["tokens.", "@azure/identity"],
  ["machines.", "@azure/arm-compute"],
  ["queries.", "@azure/arm-resourcegraph"],
  ["permissions.", "@azure/arm-authorization"],
  ["users.", "@microsoft/microsoft-graph-client"],
  ["errors.arm.", "@azure/arm-compute"],
  ["errors.graph.", "@microsoft/microsoft-graph-client"],
];

/** Each package with the version that is installed. */
function client(id) {
  const found = CLIENTS.find(([beginning]) => id.startsWith(beginning));
  if (found === undefined) {
    return "none";
  }
  const manifest = join(HOME, "node_modules", found[1], "package.json");
  return `${found[1]} ${JSON.parse(readFileSync(manifest, "utf8")).version}`;
}

/** The jobs that there are; a reason for JavaScript takes one away. */
export function expected() {
  const tables = Object.entries(parse(readFileSync(JOBS, "utf8")));
  return tables.flatMap(([table, jobs]) =>
    Object.entries(jobs)
      .filter(([, job]) => job.javascript === undefined)
      .map(([key]) => `${table}.${key}`),
  );
}

/** Writes what became of `jobs`, by id; returns the lines of those that failed. */
export function write(jobs, outcomes) {
  const unknown = [...outcomes.keys()].filter((id) => !jobs.includes(id));
  const lines = [...jobs, ...unknown].map((job) => {
    const detail = outcomes.get(job) ?? "it was not run";
    const isKnown = jobs.includes(job);
    const why = detail !== "" || isKnown ? detail : "jobs.toml has no such job";
    return { client: client(job), job, result: why === "" ? "passed" : "failed", detail: why };
  });
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, "javascript.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return lines.filter((line) => line.result === "failed");
}
