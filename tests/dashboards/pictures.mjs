// Draws each dashboard from what its panels showed in the last live run, as one SVG:
//
//     pictures.mjs [FOLDER]       else target/dashboards
//
// ECharts draws the lines. It is not Grafana, and only a picture of what Grafana would
// show: places, titles, units, legends and values are those of the JSON.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { HOME, boards, installed, text } from "./places.mjs";

const echarts = installed("echarts");

/** A column and a row of Grafana's grid. */
const COLUMN = 50;
const ROW = 26;
const GAP = 6;
const WIDTH = 24 * COLUMN;
const HEAD = 40;

/** More bytes than these belong in no repository. */
const LARGEST = 300_000;

const PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300"];
const COLORS = { green: "#56a64b", orange: "#ff780a", red: "#e02f44" };
const FONT = "Helvetica, Arial, sans-serif";
const INK = "#24292e";
const FAINT = "#6a737d";

const folder = resolve(process.argv[2] ?? HOME);
mkdirSync(folder, { recursive: true });
const { range, shown } = JSON.parse(text(join(HOME, "shown.json")));

for (const [name, board] of boards()) {
  const svg = drawn(board, shown[name]);
  const path = join(folder, `${name}.svg`);
  if (svg.length > LARGEST) {
    console.error(`pictures: ${name}.svg has ${svg.length} bytes`);
    process.exit(1);
  }
  writeFileSync(path, svg);
  console.log(`pictures: ${name}.svg, ${Math.ceil(svg.length / 1024)} kB`);
}
// ECharts would keep the process.
process.exit(0);

function drawn(board, answers) {
  const height = HEAD + ROW * Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + GAP;
  const option = { animation: false, backgroundColor: "#f4f5f5", grid: [], xAxis: [], yAxis: [], series: [], graphic: [] };
  option.graphic.push(words(12, 12, board.title, { size: 16, weight: "bold" }));
  for (const panel of board.panels) {
    const box = boxOf(panel.gridPos);
    if (panel.type === "row") {
      option.graphic.push(words(box.x + 6, box.y + 5, `▾ ${panel.title}`, { size: 13, weight: "bold" }));
      continue;
    }
    option.graphic.push(frame(box), words(box.x + 8, box.y + 7, panel.title, { size: 12, weight: "bold", width: box.w - 16 }));
    const lines = linesOf(panel, answers[panel.id]).filter((line) => panel.type === "timeseries" || isCurrent(line));
    ({ stat, table, timeseries })[panel.type](option, panel, box, lines);
  }
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString({ useViewBox: true });
  chart.dispose();
  // A tenth of a pixel is enough.
  return `${svg.replace(/ d="[^"]*"/g, (path) => path.replace(/(\d+\.\d)\d+/g, "$1"))}\n`;
}

function boxOf({ x, y, w, h }) {
  return { x: x * COLUMN + GAP / 2, y: HEAD + y * ROW + GAP / 2, w: w * COLUMN - GAP, h: h * ROW - GAP };
}

/** Every series by its legend, in the order of Grafana's. */
function linesOf(panel, answers) {
  return answers.flatMap(({ legend, result }) =>
    result.map(({ metric, values }) => ({
      name: legend.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ""),
      metric,
      values: values.map(([at, value]) => [at * 1e3, Number(value)]),
    })),
  );
}

function last({ values }) {
  return values.findLast(([, value]) => Number.isFinite(value))[1];
}

/** What has not ended before the end of the run: a single value is of now. */
function isCurrent({ values }) {
  return values.at(-1)[0] / 1e3 > range.end - 3;
}

function words(x, y, text, { size = 11, weight = "normal", color = INK, width, align = "left" } = {}) {
  return {
    type: "text",
    x,
    y,
    silent: true,
    style: { text, fill: color, font: `${weight} ${size}px ${FONT}`, align, width, overflow: width ? "truncate" : undefined },
  };
}

function frame({ x, y, w, h }) {
  const style = { fill: "#ffffff", stroke: "#dce0e3" };
  return { type: "rect", silent: true, z: -1, shape: { x, y, width: w, height: h, r: 2 }, style };
}

function stat(option, panel, box, lines) {
  const each = box.w / lines.length;
  lines.forEach((line, index) => {
    const middle = box.x + each * (index + 0.5);
    const value = last(line);
    const text = shownAs(panel, value);
    const size = Math.round(Math.min(26, (each - 10) / (text.length * 0.62)));
    const color = COLORS[colorAt(panel, value)];
    option.graphic.push(words(middle, box.y + box.h / 2 - size / 3, text, { size, weight: "bold", color, align: "center" }));
    if (lines.length > 1) {
      option.graphic.push(words(middle, box.y + box.h - 18, line.name, { color: FAINT, align: "center" }));
    }
  });
}

function table(option, panel, box, lines) {
  const labels = Object.keys(lines[0]?.metric ?? {});
  const columns = [...labels, panel.targets[0].legendFormat];
  const each = (box.w - 16) / columns.length;
  const put = (row, index, text, color) =>
    option.graphic.push(words(box.x + 8 + each * index, box.y + 30 + 19 * row, text, { color, width: each - 6 }));
  columns.forEach((column, index) => put(0, index, column, "#1f78c1"));
  lines.forEach((line, row) => {
    [...labels.map((label) => line.metric[label]), shownAs(panel, last(line))].forEach((cell, index) => put(row + 1, index, cell));
  });
}

/** The names below a panel, in two rows at most; the rest is counted. Says how high it is. */
function legend(option, box, lines) {
  const room = box.w - 16;
  const rows = [[]];
  let x = 0;
  for (const [index, line] of lines.entries()) {
    const width = 22 + line.name.length * 5.8;
    if (x > 0 && x + width > room - (rows.length === 2 && index < lines.length - 1 ? 60 : 0)) {
      if (rows.length === 2) {
        rows[1].push({ x, name: `and ${lines.length - index} more` });
        break;
      }
      rows.push([]);
      x = 0;
    }
    rows.at(-1).push({ x, name: line.name, color: PALETTE[index % PALETTE.length] });
    x += width;
  }
  const height = 15 * rows.length;
  rows.forEach((row, number) => {
    const y = box.y + box.h - height - 2 + 15 * number;
    for (const { x, name, color } of row) {
      if (color) {
        const shape = { x: box.x + 8 + x, y: y + 4, width: 10, height: 3 };
        option.graphic.push({ type: "rect", silent: true, shape, style: { fill: color } });
      }
      option.graphic.push(words(box.x + (color ? 22 : 10) + x, y, name, { size: 10, color: FAINT, width: room - 14 }));
    }
  });
  return height;
}

function timeseries(option, panel, box, lines) {
  const index = option.grid.length;
  const below = legend(option, box, lines);
  const { custom, thresholds } = panel.fieldConfig.defaults;
  const isLog = custom.scaleDistribution.type === "log";
  const axis = { gridIndex: index, axisLabel: { fontSize: 9, color: FAINT, fontFamily: FONT }, axisLine: { lineStyle: { color: "#ccd1d5" } } };
  option.grid.push({ left: box.x + 52, top: box.y + 32, width: box.w - 66, height: box.h - 58 - below });
  option.xAxis.push({
    ...axis,
    type: "time",
    min: range.start * 1e3,
    max: range.end * 1e3,
    splitNumber: 3,
    splitLine: { show: false },
    axisLabel: { ...axis.axisLabel, hideOverlap: true, formatter: (at) => `${Math.round(at / 1e3 - range.start)} s` },
  });
  option.yAxis.push({
    ...axis,
    type: isLog ? "log" : "value",
    min: isLog ? undefined : (value) => Math.min(0, value.min),
    splitNumber: 3,
    splitLine: { lineStyle: { color: "#eceff1" } },
    axisLabel: { ...axis.axisLabel, formatter: (value) => shownAs(panel, value) },
  });
  const isStacked = custom.stacking.mode === "normal";
  const times = [...new Set(lines.flatMap(({ values }) => values.map(([at]) => at)))].sort((one, other) => one - other);
  lines.forEach((line, number) => {
    // Every other second is enough, and a stack needs a value at each.
    const known = new Map(line.values);
    const points = times.filter((_, at) => at % 2 === 0).map((at) => [at, known.get(at)]);
    option.series.push({
      type: "line",
      xAxisIndex: index,
      yAxisIndex: index,
      name: line.name,
      data: points.map(([at, value]) => [at, Number.isFinite(value) ? Number(value.toPrecision(4)) : isStacked ? 0 : null]),
      stack: isStacked ? `panel ${panel.id}` : undefined,
      areaStyle: isStacked ? { opacity: 0.35 } : undefined,
      showSymbol: false,
      silent: true,
      lineStyle: { width: 1.2 },
      color: PALETTE[number % PALETTE.length],
    });
  });
  if (custom.thresholdsStyle.mode !== "off" && lines.length > 0) {
    const most = Math.max(...lines.flatMap(({ values }) => values.map(([, value]) => value).filter(Number.isFinite)));
    const marks = thresholds.steps.filter(({ value }) => value !== null && value > 0 && value <= most * 1.5);
    option.series.at(-1).markLine = {
      silent: true,
      symbol: "none",
      label: { show: false },
      data: marks.map(({ value, color }) => ({ yAxis: value, lineStyle: { color: COLORS[color], type: "dashed" } })),
    };
  }
}

function colorAt(panel, value) {
  const steps = panel.fieldConfig.defaults.thresholds.steps;
  return steps.findLast((step) => step.value === null || value >= step.value).color;
}

/** A value as Grafana writes it in the panel's unit. */
function shownAs(panel, value) {
  const short = (number, digits = 3) => String(Number(number.toPrecision(digits)));
  const scaled = (number, steps) => {
    const step = steps.findLast(([least]) => Math.abs(number) >= least) ?? steps[0];
    return `${short(number / (step[2] ?? step[0]))}${step[1]}`;
  };
  switch (panel.fieldConfig.defaults.unit) {
    case "percentunit":
      return `${short(value * 100)} %`;
    case "bytes":
      return scaled(value, [[1, " B"], [2 ** 10, " KiB"], [2 ** 20, " MiB"], [2 ** 30, " GiB"]]);
    case "s":
      if (value === 0) {
        return "0 s";
      }
      return scaled(value, [[1e-6, " µs"], [1e-3, " ms"], [1, " s"], [60, " min"], [3_600, " h"], [86_400, " d"]]);
    case "reqps":
      return `${short(value)} req/s`;
    case "ops":
      return `${short(value)} ops/s`;
    default:
      return Math.abs(value) >= 1e4 ? scaled(value, [[1e3, " k"], [1e6, " M"]]) : short(value);
  }
}
