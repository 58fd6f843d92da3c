// The metrics that there are: those that docs/metrics.md declares, which a test in
// tests/it/documents.rs holds to the code, and those of others that are used.

import { METRICS, text } from "./places.mjs";

/** What Prometheus knows of every target and every alert, and what its clients agree on. */
const OF_OTHERS = {
  up: [],
  ALERTS: ["alertname", "alertstate", "severity"],
  process_cpu_seconds_total: [],
  process_resident_memory_bytes: [],
  process_open_fds: [],
  process_max_fds: [],
  process_start_time_seconds: [],
};

/** Labels that a target has, whatever its metric. */
const OF_TARGETS = ["namespace", "job", "instance"];

/** Every declared metric with its type and labels, in the order of the document. */
export function declared() {
  const rows = text(METRICS).matchAll(/^\| `(mi_gateway_\w+)` \| (\w+) \| ([^|]*) \|/gm);
  return new Map(
    [...rows].map(([, name, type, labels]) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) },
    ]),
  );
}

/** Every series that can be asked for, with the metric that it is of and its labels. */
export function series(recorded) {
  const found = new Map();
  const add = (name, metric, labels) => found.set(name, { metric, labels: [...labels, ...OF_TARGETS] });
  for (const [name, { type, labels }] of declared()) {
    if (type === "histogram") {
      add(`${name}_bucket`, name, [...labels, "le"]);
      add(`${name}_sum`, name, labels);
      add(`${name}_count`, name, labels);
    } else {
      add(name, name, labels);
    }
  }
  Object.entries(OF_OTHERS).forEach(([name, labels]) => add(name, name, labels));
  recorded.forEach((name) => add(name, name, ["resource"]));
  return found;
}
