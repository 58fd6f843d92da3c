// What an expression asks for, by the grammar that Prometheus' own editor uses.

import { installed } from "./places.mjs";

const { parser } = installed("@prometheus-io/lezer-promql");

/** Grafana's own variables are no PromQL: a time of the same length takes their place. */
const plain = (expr) =>
  expr.replace(/\$__\w+|\$\{\w+[^}]*\}/g, (variable) => "1m".padEnd(variable.length));

/** Every selector: its metric, its matchers, and where it stands. */
export function selectors(expr) {
  const source = plain(expr);
  const found = [];
  const word = (node) => source.slice(node.from, node.to);
  parser.parse(source).iterate({
    enter(node) {
      if (node.type.isError) {
        throw new Error(`not PromQL at ${JSON.stringify(expr.slice(node.from, node.from + 20))}`);
      }
      if (node.name !== "VectorSelector") {
        return;
      }
      const selector = { metric: "", labels: [], from: node.from, to: node.to };
      const cursor = node.node.cursor();
      while (cursor.next() && cursor.from < node.to) {
        if (cursor.name === "Identifier") {
          selector.metric = word(cursor);
          selector.nameEnds = cursor.to;
        } else if (cursor.name === "LabelName") {
          selector.labels.push(word(cursor));
        }
      }
      found.push(selector);
    },
  });
  return found;
}

/** The labels that the expression groups or joins by. */
export function groupings(expr) {
  const source = plain(expr);
  const found = [];
  parser.parse(source).iterate({
    enter(node) {
      if (node.name === "GroupingLabels") {
        found.push(...(source.slice(node.from, node.to).match(/\w+/g) ?? []));
      }
    },
  });
  return found;
}

/** The expression with `matchers(metric)` in each of its selectors. */
export function narrowed(expr, matchers) {
  let result = expr;
  for (const { metric, nameEnds, to } of selectors(expr).reverse()) {
    const more = matchers(metric);
    if (more.length === 0) {
      continue;
    }
    const present = expr.slice(nameEnds, to).trim().replace(/^\{|\}$/g, "");
    const all = [...(present ? [present] : []), ...more].join(",");
    result = `${result.slice(0, nameEnds)}{${all}}${result.slice(to)}`;
  }
  return result;
}
