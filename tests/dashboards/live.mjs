// The dashboards and the rules before a real Prometheus, which scrapes three gateways in
// front of the local Azure while callers of every kind are at it.
//
//     MI_GATEWAY, AZURE_SANDBOX   the programs; else those of target/debug
//     PROMETHEUS                  Prometheus; else that of the path
//     DASHBOARDS_SECONDS          how long the traffic lasts
//     DASHBOARDS_WITHOUT          a metric that is not scraped: to see that it is missed
//
// Every query of every panel has to have an answer, twice: as one sees it without a label
// `namespace`, and with one. So has every selector in it, for itself, as `or` and `unless`
// hide what is not there. Every rule has to evaluate, every recording rule has to have a
// result, and every selector of an alert something to look at. What the panels show is
// kept for the pictures. And so it is with every query that a runbook or docs/metrics.md
// shows: it is understood, and there is something to look at.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { start } from "./live/place.mjs";
import { drive } from "./live/traffic.mjs";
import { HOME, boards, conclude, panelsOf, rules, shown as documented } from "./places.mjs";
import { selectors } from "./promql.mjs";

/** In the traffic's time an answer can be empty for a reason; which, by the panel. */
const MAY_BE_EMPTY = {};

const SECONDS = Number(process.env.DASHBOARDS_SECONDS ?? 70);

const faults = [];
rmSync(join(HOME, "shown.json"), { force: true });
const place = await start(process.env.DASHBOARDS_WITHOUT).catch((error) => conclude("live", [error.message]));
try {
  const begin = Date.now() / 1e3;
  faults.push(...(await drive(place, SECONDS)));
  const range = { start: begin, end: Date.now() / 1e3, step: 1 };
  const shown = await panels(range);
  await allRules(range);
  await documents(range);
  if (faults.length === 0) {
    writeFileSync(join(HOME, "shown.json"), JSON.stringify({ range, shown }));
  }
} catch (error) {
  faults.push(error.stack);
} finally {
  faults.push(...(await place.stop()));
}
conclude("live", faults);

/** Asks what every panel asks; what came of it, by dashboard and panel. */
async function panels(range) {
  const shown = {};
  let count = 0;
  for (const [name, board] of boards()) {
    shown[name] = {};
    for (const panel of panelsOf(board)) {
      const where = `${name}: ${panel.title}`;
      const answers = [];
      for (const { expr, legendFormat } of panel.targets) {
        for (const [job, namespace] of [["gateways", "apps"], ["mi-gateway", ".*"]]) {
          const asked = filled(expr, { namespace, job, instance: ".*" });
          const result = await queried(where, asked, range);
          if (result.length === 0 && !(where in MAY_BE_EMPTY)) {
            faults.push(`${where}: no answer to ${asked}`);
          }
          for (const { metric, from, to } of selectors(asked)) {
            const selector = asked.slice(from, to);
            if (metric !== "ALERTS" && !(where in MAY_BE_EMPTY) && !(await isThere(selector, range))) {
              faults.push(`${where}: nothing is ${selector}`);
            }
          }
          count += 1;
          if (namespace === ".*") {
            answers.push({ legend: legendFormat, result });
          }
        }
      }
      shown[name][panel.id] = answers;
    }
  }
  for (const where of Object.keys(MAY_BE_EMPTY)) {
    const [name, title] = where.split(": ");
    const known = boards().some(([it, board]) => it === name && panelsOf(board).some((panel) => panel.title === title));
    if (!known) {
      faults.push(`${where} may be empty, and there is no such panel`);
    }
  }
  console.log(`live: ${count} queries of panels`);
  return shown;
}

async function queried(where, query, range) {
  try {
    const { result } = await place.ask("query_range", { query, ...range });
    const numbers = ({ values }) => values.some(([, value]) => Number.isFinite(Number(value)));
    return result.filter(numbers);
  } catch (error) {
    faults.push(`${where}: ${error.message}`);
    return [];
  }
}

async function isThere(selector, { start, end }) {
  const span = Math.ceil(end - start);
  const { result } = await place.ask("query", { query: `last_over_time(${selector}[${span}s])`, time: end });
  return result.length > 0;
}

/** As Grafana fills in what it knows. */
function filled(expr, variables) {
  let text = expr.replaceAll("$__rate_interval", "15s");
  for (const [name, value] of Object.entries(variables)) {
    text = text.replaceAll(`$${name}`, value);
  }
  return text;
}

/** Every rule as Prometheus has evaluated it, and what it looks at. */
async function allRules(range) {
  const { groups } = await place.ask("rules", {});
  const evaluated = groups.flatMap((group) => group.rules);
  const wanted = rules();
  if (evaluated.length !== wanted.length) {
    faults.push(`${evaluated.length} rules were evaluated, and there are ${wanted.length}`);
  }
  for (const rule of evaluated.filter((rule) => rule.health !== "ok")) {
    faults.push(`${rule.name}: ${rule.health} ${rule.lastError ?? ""}`);
  }
  for (const { file, record, alert, expr } of wanted) {
    const where = `${file}: ${record ?? alert}`;
    if (record && (await queried(where, record, range)).length === 0) {
      faults.push(`${where}: nothing was recorded`);
    }
    const { result } = await place.ask("query", { query: expr, time: range.end });
    if (record && result.length === 0) {
      faults.push(`${where}: no answer to its expression`);
    }
    for (const { metric, from, to } of selectors(expr)) {
      const selector = expr.slice(from, to);
      if (!(await isThere(selector, range))) {
        faults.push(`${where}: nothing is ${selector}`);
      } else if (metric === "") {
        faults.push(`${where}: a selector without a metric`);
      }
    }
  }
  console.log(`live: ${evaluated.length} rules`);
}

/** Every query of the documents; what is said to be wrong need not be so now. */
async function documents(range) {
  for (const { where, expr } of documented()) {
    try {
      await place.ask("query", { query: expr, time: range.end });
    } catch (error) {
      faults.push(`${where}: ${error.message}`);
      continue;
    }
    for (const { from, to } of selectors(expr)) {
      if (!(await isThere(expr.slice(from, to), range))) {
        faults.push(`${where}: nothing is ${expr.slice(from, to)}`);
      }
    }
  }
  console.log(`live: ${documented().length} queries of documents`);
}
