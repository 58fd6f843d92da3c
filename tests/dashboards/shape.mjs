// What every dashboard and every alert has, as far as it can be read off the file.

import { existsSync } from "node:fs";
import { join } from "node:path";

import { HERE, RUNBOOKS, YAML, boards, conclude, files, panelsOf, rules, text } from "./places.mjs";

/** Where the documents are until somebody says so: `DOCS` of board.mjs. */
const BASE = "https://example.com/mi-gateway/docs";

/** Units that are used, as Grafana names them. */
const UNITS = ["short", "s", "bytes", "percentunit", "reqps", "ops"];

const SEVERITIES = ["critical", "warning"];

const faults = [];
const alerts = rules().filter((rule) => rule.alert);
const names = new Set(alerts.map(({ alert }) => alert));
const expect = (where, holds, what) => holds || faults.push(`${where}: ${what}`);

const uids = new Set();
for (const [name, board] of boards()) {
  expect(name, board.uid === `mi-gateway-${name}`, "another uid than the links have");
  expect(name, !uids.has(board.uid), "a uid that is there twice");
  uids.add(board.uid);
  expect(name, board.schemaVersion >= 39, "an old schemaVersion");
  expect(name, /^(30s|1m|5m)$/.test(board.refresh), `refreshed every ${board.refresh}`);
  expect(name, board.title && board.description && board.tags.includes("mi-gateway"), "no title, description or tag");
  expect(name, board.id === undefined, "an id of one Grafana's own");
  const others = boards().map(([other]) => other).filter((other) => other !== name);
  const linked = board.links.map(({ url }) => url.replace("/d/mi-gateway-", ""));
  expect(name, others.length === 3 && others.every((other) => linked.includes(other)), "not linked to all the others");
  expect(name, board.links.every((link) => link.keepTime && link.includeVars), "links that lose time or variables");

  const variables = Object.fromEntries(board.templating.list.map((variable) => [variable.name, variable]));
  expect(name, Object.keys(variables).join() === "datasource,namespace,job,instance,docs", "other variables");
  expect(name, variables.namespace.allValue === ".*", "a namespace that not every Prometheus has");
  expect(name, variables.docs.query === BASE, "documents elsewhere");

  const ids = new Set();
  for (const panel of board.panels) {
    expect(name, !ids.has(panel.id), `the id ${panel.id} twice`);
    ids.add(panel.id);
  }
  board.panels.forEach((one, index) => {
    const { x, y, w, h } = one.gridPos;
    expect(name, x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, `${one.title} is beside the page`);
    for (const other of board.panels.slice(index + 1)) {
      const it = other.gridPos;
      const apart = x + w <= it.x || it.x + it.w <= x || y + h <= it.y || it.y + it.h <= y;
      expect(name, apart, `${one.title} and ${other.title} overlap`);
    }
  });

  const titles = new Set();
  for (const panel of panelsOf(board)) {
    const where = `${name}: ${panel.title}`;
    expect(where, panel.title && !titles.has(panel.title), "no title of its own");
    titles.add(panel.title);
    expect(where, /\.$/.test(panel.description ?? ""), "no description");
    expect(where, UNITS.includes(panel.fieldConfig.defaults.unit), `the unit ${panel.fieldConfig.defaults.unit}`);
    expect(where, panel.links.length > 0, "no link");
    for (const { url } of panel.links) {
      const [, alert] = /^\$\{docs\}\/runbooks\/(\w+)\.md$/.exec(url) ?? [];
      const [, board] = /^\/d\/(mi-gateway-\w+)\?/.exec(url) ?? [];
      const isKnown = alert ? names.has(alert) : board ? boards().some(([, it]) => it.uid === board) : url === "${docs}/metrics.md";
      expect(where, isKnown, `a link to ${url}`);
    }
    expect(where, panel.targets.length > 0, "no query");
    expect(where, new Set(panel.targets.map(({ refId }) => refId)).size === panel.targets.length, "a refId twice");
    for (const it of [panel, ...panel.targets]) {
      expect(where, it.datasource?.type === "prometheus" && it.datasource.uid === "${datasource}", "another data source");
    }
  }
}

const seen = new Set();
for (const { file, alert, labels = {}, annotations = {}, expr } of alerts) {
  const where = `${file}: ${alert}`;
  expect(where, /^MiGateway[A-Z]\w+$/.test(alert), "a name of another kind");
  expect(where, SEVERITIES.includes(labels.severity), `the severity ${labels.severity}`);
  expect(where, !seen.has(`${alert} ${labels.severity}`), `${labels.severity} twice`);
  seen.add(`${alert} ${labels.severity}`);
  expect(where, annotations.summary && !/[.{]/.test(annotations.summary), "a summary that is no title");
  const { description = "" } = annotations;
  // What nobody tells has no labels.
  expect(where, /\.$/.test(description) && (/\$labels\.\w+/.test(description) || /^absent\(/.test(expr)), "a description without its labels");
  expect(where, annotations.runbook_url === `${BASE}/runbooks/${alert}.md`, `the runbook ${annotations.runbook_url}`);
  expect(where, existsSync(join(RUNBOOKS, `${alert}.md`)), "no runbook");
}

/** What the tests of the rules try: when each alert fires, and when it does not. */
const [fired, silent] = [new Set(), new Set()];
for (const [, path] of files(join(HERE, "rules"), ".yaml")) {
  const tried = YAML.parse(text(path)).tests.flatMap((test) => test.alert_rule_test ?? []);
  for (const { alertname, exp_alerts: expected = [] } of tried) {
    const severities = expected.map(({ exp_labels: labels }) => labels.severity);
    severities.forEach((severity) => fired.add(`${alertname} ${severity}`));
    SEVERITIES.filter((it) => !severities.includes(it)).forEach((it) => silent.add(`${alertname} ${it}`));
  }
}
for (const { alert, labels } of alerts) {
  expect(alert, fired.has(`${alert} ${labels.severity}`), `no test in which it fires as ${labels.severity}`);
  expect(alert, silent.has(`${alert} ${labels.severity}`), `no test in which it does not fire as ${labels.severity}`);
}

/** The parts of a runbook, in their order. */
const PARTS = ["## What it means", "## What to look at", "## What to do", "## When it is over"];

for (const [alert, path] of files(RUNBOOKS, ".md").filter(([name]) => name !== "README")) {
  expect(alert, names.has(alert), "a runbook without an alert");
  const runbook = text(path);
  expect(alert, runbook.startsWith(`# ${alert}\n`), "another title");
  const headings = runbook.split("\n").filter((line) => line.startsWith("## "));
  expect(alert, headings.join() === PARTS.join(), `the parts ${headings.join()}`);
  expect(alert, text(join(RUNBOOKS, "README.md")).includes(`(${alert}.md)`), "not in the index");
}
expect("dashboards", boards().length === 4, `${boards().length} of them`);
conclude("shape", faults);
