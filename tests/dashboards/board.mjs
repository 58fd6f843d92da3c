// Makes the JSON that Grafana reads of the panels as they are written down.
//
// What is the same for all panels stands here once: the place on the page, the links,
// the data source, and the variables in every selector.

import { narrowed } from "./promql.mjs";

/** Where the documents are: whoever installs the chart says so in this variable. */
export const DOCS = "https://example.com/mi-gateway/docs";

export const NAMES = { overview: "Overview", identity: "Identity", azure: "Azure", access: "Access and audit" };

/** So many columns has a page of Grafana's. */
const COLUMNS = 24;

const SOURCE = { type: "prometheus", uid: "${datasource}" };

const CARRIED = "${__url_time_range}&${datasource:queryparam}&${namespace:queryparam}&${job:queryparam}&${instance:queryparam}";

/** Recorded series are of all instances of a job; alerts are Prometheus' own. */
function matchers(metric) {
  const all = ["namespace", "job", "instance"].map((label) => `${label}=~"$${label}"`);
  if (metric === "ALERTS" || /:objective$/.test(metric)) {
    return [];
  }
  return metric.includes(":") ? all.slice(0, 2) : all;
}

/** The dashboard `name`, of its source. */
export function board(name, source) {
  const panels = [];
  let y = 0;
  for (const row of source.rows) {
    panels.push(rowAt(panels.length + 1, row.title, y));
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      const size = { w: panel.width ?? row.width ?? 8, h: panel.height ?? row.height ?? 8 };
      if (x + size.w > COLUMNS) {
        [x, y, height] = [0, y + height, 0];
      }
      panels.push(panelAt(panels.length + 1, panel, { ...size, x, y }));
      x += size.w;
      height = Math.max(height, size.h);
    }
    y += height;
  }
  return {
    uid: source.uid,
    title: source.title,
    description: source.description,
    tags: ["mi-gateway"],
    schemaVersion: 42,
    version: 1,
    editable: true,
    graphTooltip: 1,
    timezone: "browser",
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    timepicker: {},
    annotations: { list: [] },
    links: Object.entries(NAMES)
      .filter(([other]) => other !== name)
      .map(([other, title]) => ({
        type: "link",
        title,
        url: `/d/mi-gateway-${other}`,
        icon: "dashboard",
        tooltip: `mi-gateway / ${title}`,
        tags: [],
        asDropdown: false,
        targetBlank: false,
        includeVars: true,
        keepTime: true,
      })),
    templating: { list: variables() },
    panels,
  };
}

function rowAt(id, title, y) {
  return { id, type: "row", title, collapsed: false, panels: [], gridPos: { x: 0, y, w: COLUMNS, h: 1 } };
}

function panelAt(id, panel, gridPos) {
  const type = panel.type ?? "timeseries";
  return {
    id,
    type,
    title: panel.title,
    description: panel.description,
    datasource: SOURCE,
    gridPos,
    links: links(panel),
    targets: Object.entries(panel.queries).map(([legend, expr], index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: SOURCE,
      editorMode: "code",
      expr: narrowed(expr.trim(), matchers),
      legendFormat: legend,
      ...(type === "table" ? { format: "table", instant: true, range: false } : { instant: false, range: true }),
    })),
    ...FORMS[type](panel),
  };
}

function links(panel) {
  const link = (title, url) => ({ title, url, targetBlank: true });
  return [
    ...(panel.runbooks ?? []).map((alert) => link(`Runbook: ${alert}`, `\${docs}/runbooks/${alert}.md`)),
    ...(panel.dashboards ?? []).map((name) => ({
      ...link(`Dashboard: ${NAMES[name]}`, `/d/mi-gateway-${name}?${CARRIED}`),
      targetBlank: false,
    })),
    link("What the metrics mean", "${docs}/metrics.md"),
  ];
}

/** `{ base: green, 5: red }` as Grafana has it. */
function thresholds({ base = "green", ...steps } = {}) {
  const values = Object.keys(steps).map(Number).sort((one, other) => one - other);
  return {
    mode: "absolute",
    steps: [{ value: null, color: base }, ...values.map((value) => ({ value, color: steps[value] }))],
  };
}

const reduce = { calcs: ["lastNotNull"], fields: "", values: false };

const FORMS = {
  timeseries: (panel) => ({
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: panel.log ? undefined : 0,
        color: { mode: "palette-classic" },
        thresholds: thresholds(panel.thresholds),
        custom: {
          drawStyle: "line",
          lineWidth: 1,
          fillOpacity: panel.stack ? 30 : 0,
          showPoints: "never",
          spanNulls: false,
          stacking: { mode: panel.stack ? "normal" : "none", group: "A" },
          scaleDistribution: panel.log ? { type: "log", log: 10 } : { type: "linear" },
          thresholdsStyle: { mode: panel.thresholds ? "dashed" : "off" },
        },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    },
  }),
  stat: (panel) => ({
    fieldConfig: {
      defaults: { unit: panel.unit, color: { mode: "thresholds" }, thresholds: thresholds(panel.thresholds) },
      overrides: [],
    },
    options: {
      reduceOptions: reduce,
      colorMode: "value",
      graphMode: "area",
      justifyMode: "auto",
      orientation: "auto",
      textMode: "auto",
    },
  }),
  table: (panel) => ({
    fieldConfig: { defaults: { unit: panel.unit, custom: { align: "auto" } }, overrides: [] },
    options: { showHeader: true, cellHeight: "sm" },
    transformations: [
      {
        id: "organize",
        options: { excludeByName: { Time: true }, renameByName: { Value: Object.keys(panel.queries)[0] } },
      },
    ],
  }),
};

/** Those that narrow the queries. Without a namespace, all of it is `.*`, which an absent
 * label matches too; jobs and instances are those that tell of a gateway. */
function variables() {
  const query = (name, label, of, more) => ({
    name,
    label,
    type: "query",
    datasource: SOURCE,
    query: { query: `label_values(${of}, ${name})`, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    current: { text: ["All"], value: ["$__all"] },
    options: [],
    regex: "",
    hide: 0,
    ...more,
  });
  const info = "mi_gateway_build_info";
  return [
    {
      name: "datasource",
      label: "Data source",
      type: "datasource",
      query: "prometheus",
      refresh: 1,
      hide: 0,
      includeAll: false,
      multi: false,
      options: [],
      regex: "",
      current: {},
    },
    query("namespace", "Namespace", info, { allValue: ".*" }),
    query("job", "Job", `${info}{namespace=~"$namespace"}`, {}),
    query("instance", "Instance", `${info}{namespace=~"$namespace",job=~"$job"}`, { allValue: ".*" }),
    {
      name: "docs",
      label: "Documents",
      type: "constant",
      query: DOCS,
      hide: 2,
      skipUrlSync: true,
      current: { text: DOCS, value: DOCS, selected: true },
      options: [],
    },
  ];
}
