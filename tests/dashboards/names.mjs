// Every metric that a dashboard, a rule or a runbook asks for is one that the gateway declares, with
// labels that it has; and every metric that it declares is looked at somewhere.

import { declared, series } from "./metrics.mjs";
import { boards, conclude, panelsOf, rules, shown } from "./places.mjs";
import { groupings, selectors } from "./promql.mjs";

/** Declared, and in no panel and no rule, with the reason. */
const LEFT_OUT = {
  mi_gateway_log_lines_lost_total: "whoever collects the lines is stuck, which their own alerts tell",
  mi_gateway_telemetry_spans_dropped_total: "it is there where traces are sent, to whom a collector's own dashboards belong",
};

const faults = [];
const recorded = rules().flatMap((rule) => rule.record ?? []);
const known = series(recorded);
const used = new Set();

const asked = [
  ...boards().flatMap(([name, board]) =>
    panelsOf(board).flatMap((panel) =>
      panel.targets.map(({ expr }) => ({ where: `${name}: ${panel.title}`, expr })),
    ),
  ),
  ...boards().flatMap(([name, board]) =>
    board.templating.list
      .filter(({ type }) => type === "query")
      .map((variable) => ({
        where: `${name}: $${variable.name}`,
        expr: /^label_values\((.*), \w+\)$/.exec(variable.query.query)[1],
      })),
  ),
  ...rules().map((rule) => ({ where: `${rule.file}: ${rule.alert ?? rule.record}`, expr: rule.expr })),
  ...shown().map((query) => ({ ...query, isText: true })),
];

for (const { where, expr, isText } of asked) {
  let found = [];
  try {
    found = selectors(expr);
  } catch (error) {
    faults.push(`${where}: ${error.message}`);
    continue;
  }
  const has = new Set(["severity"]);
  for (const { metric, labels } of found) {
    const it = known.get(metric);
    if (!it) {
      faults.push(`${where}: there is no ${metric || "metric in a selector"}`);
      continue;
    }
    if (!isText) {
      used.add(it.metric);
    }
    it.labels.forEach((label) => has.add(label));
    for (const label of labels.filter((label) => !it.labels.includes(label))) {
      faults.push(`${where}: ${metric} has no label ${label}`);
    }
  }
  for (const label of groupings(expr).filter((label) => found.length > 0 && !has.has(label))) {
    faults.push(`${where}: nothing there has the label ${label}`);
  }
}

for (const name of declared().keys()) {
  if (used.has(name) && name in LEFT_OUT) {
    faults.push(`${name} is looked at, and said to be left out`);
  } else if (!used.has(name) && !(name in LEFT_OUT)) {
    faults.push(`${name} is in no panel and no rule`);
  }
}
for (const name of Object.keys(LEFT_OUT).filter((name) => !declared().has(name))) {
  faults.push(`${name} is left out, and there is no such metric`);
}
for (const name of recorded.filter((name) => !used.has(name))) {
  faults.push(`${name} is recorded, and nothing uses it`);
}
if (declared().size < 40) {
  faults.push(`only ${declared().size} metrics were found in docs/metrics.md`);
}
conclude("names", faults);
