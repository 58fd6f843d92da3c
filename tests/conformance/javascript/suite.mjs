// Every test file through Node's own runner, two at a time.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

import { HOME } from "./places.mjs";
import { expected, write } from "./results.mjs";

const [, , ...only] = process.argv;
const tables = readdirSync(HOME).filter((name) => name.endsWith(".test.mjs"));
const files = tables.filter((name) => only.length === 0 || only.includes(name.split(".")[0]));

/** What became of each job: empty, or the first line of its failure. */
const outcomes = new Map();
const failure = (error) => (error.cause?.message ?? error.message).trim().split("\n")[0];

const tests = run({ files: files.map((name) => join(HOME, name)), concurrency: 2 });
tests.on("test:pass", ({ name }) => outcomes.set(name, ""));
tests.on("test:fail", ({ name, details }) => outcomes.set(name, failure(details.error)));
tests.compose(spec).pipe(process.stdout);
tests.on("end", () => {
  const jobs = only.length === 0 ? expected() : [...outcomes.keys()];
  const failed = write(jobs, outcomes);
  for (const { job, detail } of failed) {
    console.error(`${job}: ${detail}`);
  }
  console.log(`javascript: ${jobs.length - failed.length} of ${jobs.length} jobs done`);
  process.exitCode = failed.length === 0 ? 0 : 1;
});
