// Breaks the dashboards, the rules and what they look at, one thing at a time, in a copy:
// `tests/dashboards/run` has to notice. With `--quick`, only what it notices without the live
// run, which takes a minute and a half for each of the others.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { HOME, ROOT, conclude, text } from "./places.mjs";

const BOARD = (name) => `helm/mi-gateway/dashboards/${name}.json`;
const SOURCE = (name) => `tests/dashboards/source/${name}.yaml`;
const RULES = (name) => `helm/mi-gateway/alerts/${name}.yaml`;

/** What is broken: a file, what stands there, and what is put in its place; or, where
 * Prometheus is not to have a metric, its name. `rewritten`: the JSON follows its source. */
const MUTATIONS = [
  { name: "a metric has another name in the code", file: "docs/metrics.md", from: "`mi_gateway_audit_queue_length`", to: "`mi_gateway_audit_waiting`" },
  { name: "a metric has lost a label", file: "docs/metrics.md", from: "`route`, `method`, `status` | Time", to: "`route`, `method` | Time" },
  { name: "a metric is new and nobody shows it", file: "docs/metrics.md", from: "| `mi_gateway_policies`", to: "| `mi_gateway_news_total` | counter |  | New. |\n| `mi_gateway_policies`" },
  { name: "a panel asks for another metric", file: SOURCE("azure"), from: "sum(mi_gateway_operations_running)", to: "sum(mi_gateway_operation_running)", rewritten: true },
  { name: "an expression is broken", file: SOURCE("identity"), from: "max by (resource) (", to: "max by (resource ((", rewritten: true },
  { name: "the JSON was changed by hand", file: BOARD("access"), from: '"Turned away"', to: '"Refused"' },
  { name: "options of a panel are null", file: "tests/dashboards/board.mjs", from: "showHeader: true,", to: "showHeader: null,", rewritten: true },
  { name: "an option that Grafana does not have", file: "tests/dashboards/board.mjs", from: 'graphMode: "area"', to: 'graphMode: "areas"', rewritten: true },
  { name: "panels overlap", file: "tests/dashboards/board.mjs", from: "y += height;", to: "y += height - 1;", rewritten: true },
  { name: "a panel has no description", file: SOURCE("overview"), from: "description: Cores that are busy.", to: 'description: ""', rewritten: true },
  { name: "an alert has no runbook", file: RULES("azure"), from: "runbooks/MiGatewayAzureErrors.md", to: "runbooks/AzureErrors.md" },
  { name: "an alert has another threshold", file: RULES("azure"), from: "> 0.1", to: "> 0.01" },
  { name: "an alert waits for longer", file: RULES("identity"), from: "for: 2m", to: "for: 20m" },
  { name: "a rule is broken", file: RULES("objectives"), from: "rate5m > 0)", to: "rate5m > )" },
  { name: "a panel asks for a value that there is not", file: SOURCE("azure"), from: 'outcome=~"failed|canceled|unknown"', to: 'outcome=~"fails"', rewritten: true, isLive: true },
  { name: "an alert looks at a value that there is not", file: RULES("access"), from: 'stage="intent"', to: 'stage="intend"', isLive: true },
  { name: "the gateway does not tell its audit failures", without: "mi_gateway_audit_failures_total", isLive: true },
  { name: "the gateway does not tell its durations", without: "mi_gateway_http_request_duration_seconds", isLive: true },
];

const isQuick = process.argv.includes("--quick");
const faults = [];
for (const mutation of MUTATIONS.filter(({ isLive }) => !isLive || !isQuick)) {
  const copy = mkdtempSync(join(tmpdir(), "dashboards-"));
  try {
    copied(copy);
    const said = noticed(copy, mutation);
    if (said) {
      console.log(`noticed: ${mutation.name}\n    ${said}`);
    } else {
      faults.push(`nobody noticed: ${mutation.name}`);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}
conclude("mutations", faults);

function copied(copy) {
  for (const folder of ["docs", "helm", "tests/dashboards", "deploy/policies"]) {
    cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
  }
  mkdirSync(join(copy, "target/dashboards"), { recursive: true });
  symlinkSync(join(HOME, "node_modules"), join(copy, "target/dashboards/node_modules"));
}

/** What a check says of it, if one does. */
function noticed(copy, { name, file, from, to, without, rewritten, isLive }) {
  if (file) {
    const path = join(copy, file);
    const before = text(path);
    if (!before.includes(from)) {
      throw new Error(`${name}: ${file} has no ${from}`);
    }
    writeFileSync(path, isLive ? before.replaceAll(from, to) : before.replace(from, to));
  }
  const debug = (variable, program) => process.env[variable] ?? join(ROOT, "target/debug", program);
  const env = {
    ...process.env,
    MI_GATEWAY: debug("MI_GATEWAY", "mi-gateway"),
    AZURE_SANDBOX: debug("AZURE_SANDBOX", "azure-sandbox"),
    ...(without ? { DASHBOARDS_WITHOUT: without } : {}),
  };
  const run = (command, ...args) => spawnSync(command, args, { cwd: copy, env, encoding: "utf8" });
  if (rewritten) {
    const { status, stderr } = run("node", "tests/dashboards/write.mjs");
    if (status !== 0) {
      return stderr.trim().split("\n").find((line) => line.startsWith("Error")) ?? stderr.trim();
    }
  }
  // The tests of the rules take long and say nothing of what is read in the live run.
  const { status, stdout, stderr } = isLive ? run("node", "tests/dashboards/live.mjs") : run("tests/dashboards/run", "--quick");
  const lines = `${stderr}\n${stdout}`.split("\n").map((line) => line.trim());
  const fault = lines.find((line) => /^(written|types|shape|names|live): (?!ok|\d)/.test(line));
  const other = lines.find((line) => /^alertname: |could not parse/.test(line));
  return status === 0 ? undefined : (fault ?? other ?? lines.find(Boolean)).slice(0, 200);
}
