// Pictures of columns of numbers, drawn by ECharts as SVG in the colours of tokens.css.
// Tooltips are built as elements: a string would carry inline styles, which the policy refuses.
import { words } from "./ui.js";

const SPACE = "\u00a0";
// Below this width the names of series stand in a legend, above it beside their last value. [px]
const NARROW = 460;
const root = document.documentElement;
const drawn = new Map();
let library;
// The theme on the screen while the page is being printed.
let before;

export function load() {
  library ??= new Promise((resolve, reject) => {
    if (window.echarts) return resolve(window.echarts);
    const script = document.createElement("script");
    script.src = new URL("../vendor/echarts.min.js", import.meta.url).href;
    script.onload = () => resolve(window.echarts);
    script.onerror = () => reject(new Error(script.src));
    document.head.append(script);
  });
  return library;
}

export function palette() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["ink", "ink-2", "ink-3", "line", "panel", "brand", "brand-fill", "good-fill", "late-fill", "bad-fill", "bad", "late", "note-fill", "track", "control"];
  const colours = Object.fromEntries(names.map((name) => [name, get(name)]));
  const sectors = ["steel", "petrochemical", "building", "textile", "equipment", "electronics", "power", "other"];
  colours.series = sectors.map((key) => get(`s-${key}`));
  colours.of = Object.fromEntries(sectors.map((key, index) => [key, colours.series[index]]));
  Object.assign(colours.of, { measured: get("measured"), reported: get("reported"), estimated: get("estimated"), missing: get("missing"), good: get("good-fill"), late: get("late-fill"), bad: get("bad-fill"), note: get("note-fill"), brand: get("brand-fill") });
  colours.font = style.getPropertyValue("--font").trim();
  return colours;
}

// Rounds half to even on the shortest decimal form, as GB/T 8170 and the pages do.
export function format(value, places = 1) {
  if (value === null || value === undefined || Number.isNaN(value)) return "—";
  const [digits, exponent = "0"] = String(Math.abs(value)).split("e");
  const [whole, fraction = ""] = digits.split(".");
  const power = BigInt(places + Number(exponent) - fraction.length);
  let scaled = BigInt(whole + fraction);
  if (power >= 0n) scaled *= 10n ** power;
  else {
    const divisor = 10n ** -power;
    const [quotient, rest] = [scaled / divisor, (scaled % divisor) * 2n];
    scaled = quotient + (rest > divisor || (rest === divisor && quotient % 2n === 1n) ? 1n : 0n);
  }
  const text = scaled.toString().padStart(places + 1, "0");
  const grouped = text.slice(0, text.length - places).replace(/\B(?=(\d{3})+$)/g, SPACE);
  const sign = value < 0 && scaled !== 0n ? "\u2212" : "";
  return sign + grouped + (places ? `.${text.slice(-places)}` : "");
}

export function short(value) {
  return format(value, Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function measure(text, size = 12) {
  let width = 0;
  for (const letter of text) width += letter.codePointAt(0) > 0x2e80 ? size : size * 0.58;
  return Math.ceil(width);
}

// Tooltip

export function cell(tag, text, className) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

export function swatch(colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 8 8");
  svg.setAttribute("width", "9");
  svg.setAttribute("height", "9");
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  dot.setAttribute("cx", "4");
  dot.setAttribute("cy", "4");
  dot.setAttribute("r", "4");
  dot.setAttribute("fill", colour);
  svg.append(dot);
  return svg;
}

function tip(data, colours, index) {
  const box = cell("div", "", "tip");
  box.append(cell("p", String(data.x[index]), "strong"));
  const list = document.createElement("table");
  const shown = data.series.map((series, order) => ({ series, order, value: series.values[index] })).filter((one) => one.value !== null && one.value !== undefined);
  let sum = 0;
  for (const { series, order, value } of shown.reverse()) {
    const row = document.createElement("tr");
    const name = cell("td", "");
    name.append(swatch(colourOf(series, order, colours)), ` ${series.name}`);
    const range = series.low && series.low[index] !== null ? ` (${format(series.low[index], data.places)}–${format(series.high[index], data.places)})` : "";
    row.append(name, cell("td", format(value, data.places) + range, "n"));
    list.append(row);
    sum += value;
  }
  if (data.kind === "stack" && !data.whole && shown.length > 1) {
    const row = cell("tr", "", "total");
    row.append(cell("td", words.total), cell("td", format(sum, data.places), "n"));
    list.append(row);
  }
  if (!shown.length) list.append(cell("caption", words.noData));
  box.append(list);
  if (data.unit) box.append(cell("p", data.unit, "muted small"));
  return box;
}

function tooltip(data, colours) {
  return {
    trigger: "axis",
    confine: true,
    padding: 0,
    borderWidth: 0,
    backgroundColor: "transparent",
    extraCssText: "box-shadow:none",
    transitionDuration: 0,
    axisPointer: { type: data.kind === "line" || data.kind === "band" || data.mode === "area" ? "line" : "shadow", lineStyle: { color: colours.control }, shadowStyle: { color: colours.ink, opacity: 0.05 } },
    formatter: (items) => tip(data, colours, (Array.isArray(items) ? items[0] : items).dataIndex),
  };
}

// Parts every picture shares

function colourOf(series, order, colours) {
  return colours.of[series.key] || colours.series[order % colours.series.length];
}

function axes(data, colours, options = {}) {
  const label = { color: colours["ink-3"], fontSize: 12 };
  const names = { type: "category", data: data.x.map(String), boundaryGap: options.gap ?? true, axisTick: { show: false }, axisLine: { lineStyle: { color: colours.control } }, axisLabel: { ...label, hideOverlap: true } };
  // Shares of a whole end with it: there is no 120 % of a time.
  const ends = data.whole ? { min: 0, max: data.whole, interval: data.whole / 4 } : { min: options.min };
  const values = { type: "value", scale: options.scale ?? false, ...ends, axisLabel: { ...label, formatter: short }, splitNumber: 4, splitLine: { lineStyle: { color: colours.line } } };
  if (!data.horizontal) return { xAxis: names, yAxis: values };
  names.inverse = true;
  names.axisLabel = { ...label, color: colours["ink-2"], width: options.nameWidth, overflow: "truncate" };
  return { xAxis: { ...values, axisLabel: { show: false }, splitLine: { show: false } }, yAxis: { ...names, axisLine: { show: false } } };
}

// Every name is written: in the room of its column, or leaning where that is none.
function fitted(data, width) {
  const slot = (width - 56) / Math.max(data.x.length, 1) - 8;
  const leans = slot < 48 && Math.max(...data.x.map((name) => measure(String(name)))) > slot;
  const fit = leans ? { rotate: 50, width: 96, overflow: "truncate" } : { width: Math.max(slot, 36), overflow: "break" };
  return { ...fit, interval: 0, hideOverlap: false };
}

function guides(data, colours) {
  const lines = [];
  for (const mark of data.marks || []) {
    lines.push({ [data.horizontal ? "xAxis" : "yAxis"]: mark.value, label: { formatter: mark.label, position: "insideEndTop", color: colours.bad, fontSize: 12 }, lineStyle: { color: colours["bad-fill"], type: "dashed", width: 1.2 } });
  }
  for (const event of data.events || []) {
    lines.push({ xAxis: String(event.x), label: { formatter: event.label, color: colours.late, fontSize: 12 }, lineStyle: { color: colours["late-fill"], type: "dotted", width: 1.2 } });
  }
  return lines.length ? { symbol: "none", silent: true, animation: false, data: lines } : undefined;
}

function room(data, width) {
  if (width < NARROW) return null;
  return Math.min(190, Math.max(...data.series.map((series) => measure(series.name)))) + 26;
}

function legend(figure, data, colours, width) {
  figure.querySelector(".legend")?.remove();
  const grouped = data.kind === "bars" && data.series.length > 1;
  if (data.series.length < 2 || data.kind === "waterfall" || (width >= NARROW && !grouped)) return;
  const list = cell("ul", "", "legend");
  data.series.forEach((one, order) => {
    const item = cell("li", "");
    item.append(swatch(colourOf(one, order, colours)), one.name);
    list.append(item);
  });
  const canvas = figure.querySelector("[data-canvas]");
  if (grouped) canvas.before(list);
  else canvas.after(list);
}

function grid(right) {
  return { left: 4, right: right ?? 8, top: 26, bottom: 4, containLabel: true };
}

// The last value a series has carries its name: no legend to look up. Names that would touch are
// moved apart, from the top down and back up where the picture ends.
function names(chart, data, colours, width, height) {
  if (width < NARROW || data.kind === "bars" || data.kind === "waterfall" || data.series.length < 2) return [];
  const stacked = data.kind === "stack";
  const end = data.x.length - 1;
  let above = 0;
  let below = 0;
  const labels = [];
  data.series.forEach((one, order) => {
    const index = stacked ? end : lastIndex(one.values);
    const value = one.values[index];
    if (value === null || value === undefined || (stacked && value === 0)) return;
    const level = value < 0 ? below : above;
    const at = stacked ? level + value / 2 : value;
    if (value < 0) below += value;
    else above += value;
    labels.push({ name: one.name, colour: colourOf(one, order, colours), y: chart.convertToPixel({ yAxisIndex: 0 }, at) });
  });
  labels.sort((one, other) => one.y - other.y);
  const step = 16;
  labels.forEach((label, index) => {
    if (index) label.y = Math.max(label.y, labels[index - 1].y + step);
  });
  const floor = below < 0 ? height - 12 : Math.min(height - 12, chart.convertToPixel({ yAxisIndex: 0 }, 0) - 6);
  for (let index = labels.length - 1; index >= 0; index -= 1) labels[index].y = Math.min(labels[index].y, (stacked ? floor : height - 12) - (labels.length - 1 - index) * step);
  const left = width - room(data, width) + (stacked && data.mode !== "area" ? -2 : 8);
  return labels.flatMap((label) => [
    { type: "circle", silent: true, shape: { cx: left + 4, cy: label.y, r: 4 }, style: { fill: label.colour } },
    { type: "text", silent: true, x: left + 13, y: label.y, style: { text: label.name, fill: colours["ink-2"], fontSize: 12, fontFamily: colours.font, verticalAlign: "middle" } },
  ]);
}

function lastIndex(values) {
  for (let index = values.length - 1; index >= 0; index -= 1) if (values[index] !== null && values[index] !== undefined) return index;
  return -1;
}

// Kinds

function stack(data, colours, width) {
  const area = data.mode === "area";
  const right = room(data, width);
  // A seam of one pixel on either side would leave nothing of a bar of two.
  const dense = width / data.x.length < 8;
  const series = data.series.map((one, order) => {
    const colour = colourOf(one, order, colours);
    return {
      name: one.name,
      type: area ? "line" : "bar",
      stack: "all",
      data: one.values,
      color: colour,
      barMaxWidth: 56,
      barCategoryGap: dense ? "8%" : "38%",
      symbol: "none",
      lineStyle: { width: 0 },
      areaStyle: area ? { color: colour, opacity: 1 } : undefined,
      itemStyle: { borderColor: colours.panel, borderWidth: area || dense ? 0 : 1 },
      emphasis: { focus: "series" },
      blur: { itemStyle: { opacity: 0.35 }, areaStyle: { opacity: 0.35 } },
    };
  });
  const sums = data.x.map((_, index) => {
    const found = data.series.map((one) => one.values[index]).filter((value) => value !== null && value !== undefined);
    return found.length ? found.reduce((a, b) => a + b, 0) : null;
  });
  // Parts below zero hang under the axis: the sum stands above the parts over it.
  const tops = data.x.map((_, index) => (sums[index] === null ? null : data.series.reduce((top, one) => top + Math.max(0, one.values[index] || 0), 0)));
  series.push({ name: "", type: "line", data: tops, symbol: "circle", symbolSize: 1, silent: true, lineStyle: { width: 0 }, itemStyle: { color: "transparent" }, z: 9, tooltip: { show: false }, emphasis: { disabled: true }, blur: { label: { opacity: 1 } }, label: { show: data.series.length > 1 && !area && !data.whole, position: "top", color: colours.ink, fontSize: 12, fontWeight: 600, textBorderColor: colours.panel, textBorderWidth: 3, formatter: (item) => format(sums[item.dataIndex], data.places) }, labelLayout: { hideOverlap: true }, markLine: guides(data, colours) });
  const shape = axes(data, colours, { gap: !area });
  if (data.named) Object.assign(shape.xAxis.axisLabel, fitted(data, width - (right || 0)));
  return { ...shape, grid: grid(right), series };
}

function bars(data, colours, width) {
  const single = data.series.length === 1;
  const series = data.series.map((one, order) => ({
    name: one.name,
    type: one.kind === "line" ? "line" : "bar",
    data: one.values,
    color: colourOf(one, order, colours),
    barMaxWidth: data.horizontal ? 18 : 40,
    symbolSize: 6,
    itemStyle: { borderRadius: data.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] },
    lineStyle: { width: 2, type: one.dashed ? "dashed" : "solid" },
    label: { show: single || data.horizontal, position: data.horizontal ? "right" : "top", color: colours["ink-2"], fontSize: 12, formatter: (item) => format(item.value, data.places) },
    labelLayout: { hideOverlap: true },
    markLine: order === 0 ? guides(data, colours) : undefined,
  }));
  const shape = { ...grid(data.horizontal ? 66 : 8), left: data.horizontal ? 14 : 4, top: data.horizontal ? 4 : 22 };
  return { ...axes(data, colours, { nameWidth: Math.min(180, width * 0.34) }), grid: shape, series };
}

function line(data, colours, width) {
  const right = room(data, width);
  // What counts up from a number far from zero would be a flat line: cut the axis, and say so.
  const shape = axes(data, colours, { gap: false, scale: data.cut });
  if (data.cut) Object.assign(shape.yAxis, { name: words.cutAxis, nameTextStyle: { color: colours["ink-3"], fontSize: 11, align: "left" } });
  const series = data.series.flatMap((one, order) => {
    const colour = colourOf(one, order, colours);
    const main = {
      name: one.name,
      type: "line",
      data: one.values,
      color: colour,
      symbol: "circle",
      symbolSize: 5,
      showSymbol: data.x.length <= 12,
      connectNulls: false,
      lineStyle: { width: 2, type: one.dashed ? "dashed" : "solid" },
      areaStyle: data.series.length === 1 && !one.low && !data.cut ? { color: colour, opacity: 0.1 } : undefined,
      emphasis: { focus: "series" },
      markLine: order === 0 ? guides(data, colours) : undefined,
    };
    return one.low ? [...band(one, colour, order), main] : [main];
  });
  return { ...shape, grid: grid(data.series.length > 1 ? (right ?? 14) : 14), series };
}

function band(one, colour, order) {
  const common = { type: "line", stack: `band-${order}`, stackStrategy: "all", symbol: "none", silent: true, tooltip: { show: false }, lineStyle: { opacity: 0 } };
  const width = one.low.map((low, index) => (low === null || one.high[index] === null ? null : one.high[index] - low));
  return [
    { ...common, data: one.low, areaStyle: { opacity: 0 } },
    { ...common, data: width, areaStyle: { color: colour, opacity: 0.18 } },
  ];
}

function waterfall(data, colours, width) {
  const steps = data.series[0].values;
  const totals = new Set(data.totals || []);
  const rows = [];
  let level = 0;
  steps.forEach((value, index) => {
    if (totals.has(index)) {
      rows.push({ from: 0, to: value, kind: "total" });
      level = value;
    } else {
      rows.push({ from: level, to: level + (value || 0), kind: value > 0 ? "up" : "down" });
      level += value || 0;
    }
  });
  const lowest = Math.min(...rows.map((row) => (row.kind === "total" ? row.to : Math.min(row.from, row.to))));
  const highest = Math.max(...rows.map((row) => (row.kind === "total" ? row.to : Math.max(row.from, row.to))));
  // Steps far smaller than the totals would vanish: cut the axis on the side of zero, and say so.
  const near = highest - lowest < 0.25 * Math.max(Math.abs(highest), Math.abs(lowest));
  const cut = near && lowest * highest > 0;
  const span = highest - lowest || Math.abs(highest);
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(span, 1e-9)));
  const floor = cut && lowest > 0 ? Math.max(0, Math.floor((lowest - span * 0.6) / magnitude) * magnitude) : 0;
  const ceiling = cut && highest < 0 ? Math.min(0, Math.ceil((highest + span * 0.6) / magnitude) * magnitude) : 0;
  const start = floor || ceiling;
  const upIsGood = data.good === "up";
  const fill = { total: colours["brand-fill"], up: upIsGood ? colours["good-fill"] : colours["bad-fill"], down: upIsGood ? colours["bad-fill"] : colours["good-fill"] };
  // ECharts stacks what is over zero and what is under it apart: a step across zero has a part in each.
  const ends = rows.map((row) => {
    const from = row.kind === "total" ? start : row.from;
    return { low: Math.min(from, row.to), high: Math.max(from, row.to) };
  });
  const text = (item) => (totals.has(item.dataIndex) ? "" : steps[item.dataIndex] > 0 ? "+" : "") + format(steps[item.dataIndex], data.places);
  const common = { type: "bar", stack: "steps", barMaxWidth: 64 };
  const clear = (values) => ({ ...common, data: values, silent: true, itemStyle: { color: "transparent" }, tooltip: { show: false } });
  const filled = (values, above) => ({
    ...common,
    data: values.map((value, index) => ({ value, itemStyle: { color: fill[rows[index].kind], borderRadius: 2 }, label: { show: above === (ends[index].high > 0 || ends[index].low === 0) } })),
    label: { position: above ? "top" : "bottom", color: colours.ink, fontSize: 12, formatter: text },
  });
  const shape = axes(data, colours, { min: floor || undefined });
  if (ceiling) shape.yAxis.max = ceiling;
  // Below zero the figure of a step stands over its name.
  shape.xAxis.axisLabel = { ...shape.xAxis.axisLabel, ...fitted(data, width), margin: lowest < 0 ? 22 : 8 };
  // Names stay at the foot of the picture; the line of zero goes through it.
  if (lowest < 0) shape.xAxis.axisLine = { ...shape.xAxis.axisLine, onZero: false, show: false };
  if (cut) Object.assign(shape.yAxis, { axisLabel: { ...shape.yAxis.axisLabel, [floor ? "showMinLabel" : "showMaxLabel"]: false }, name: words.cutAxis, nameTextStyle: { color: colours["ink-3"], fontSize: 11, align: "left" } });
  const series = [clear(ends.map((end) => Math.max(end.low, 0))), filled(ends.map((end) => Math.max(end.high, 0) - Math.max(end.low, 0)), true)];
  if (lowest < 0) {
    series.push(clear(ends.map((end) => Math.min(end.high, 0))), filled(ends.map((end) => Math.min(end.low, 0) - Math.min(end.high, 0)), false));
    series[1].markLine = { symbol: "none", silent: true, animation: false, label: { show: false }, lineStyle: { color: colours.control, type: "solid", width: 1 }, data: ceiling ? [] : [{ yAxis: 0 }] };
  }
  return { ...shape, grid: grid(), series };
}

// Flows between nodes: bands in the colour of what flows, names beside the nodes.
function sankey(data, colours, width) {
  const tint = (key) => colours.of[key] || colours["ink-3"];
  const name = Object.fromEntries(data.nodes.map((node) => [node.key, node.name]));
  const steps = Math.max(...depths(data));
  const label = Math.max(48, Math.min(170, (width - 24) / (steps + 1) - 26));
  const series = {
    type: "sankey",
    left: 4,
    right: label + 8,
    top: 8,
    bottom: 8,
    nodeWidth: 12,
    nodeGap: 14,
    nodeAlign: "left",
    draggable: false,
    data: data.nodes.map((node) => ({ name: node.key, url: node.url, itemStyle: { color: tint(node.colour), borderWidth: 0 }, cursor: node.url ? "pointer" : "default" })),
    links: data.links.map((link) => ({ ...link, lineStyle: { color: tint(link.colour), opacity: 0.38, curveness: 0.5 } })),
    label: { color: colours.ink, fontSize: 12, width: label, overflow: "truncate", textBorderColor: colours.panel, textBorderWidth: 2, formatter: (item) => name[item.name] },
    emphasis: { focus: "adjacency", lineStyle: { opacity: 0.6 } },
  };
  const told = (item) => {
    const box = cell("div", "", "tip");
    const link = item.dataType === "edge";
    box.append(cell("p", link ? `${name[item.data.source]} → ${name[item.data.target]}` : name[item.name], "strong"));
    box.append(cell("p", `${format(item.value, data.places)} ${data.unit}`));
    return box;
  };
  return { series, tooltip: { ...tooltip(data, colours), trigger: "item", formatter: told } };
}

function depths(data) {
  const depth = Object.fromEntries(data.nodes.map((node) => [node.key, 0]));
  // No path is longer than there are nodes; the flows have no circle.
  for (let round = 0; round < data.nodes.length; round += 1) {
    for (const link of data.links) depth[link.target] = Math.max(depth[link.target], depth[link.source] + 1);
  }
  return Object.values(depth);
}

const kinds = { stack, bars, line, band: line, waterfall, sankey };

// One figure

function address(data, index, series) {
  if (!data.link || index < 0) return null;
  const x = (data.keys || data.x)[index];
  const key = series?.key ?? data.series[0]?.key ?? "";
  // A series without a key is a sum of several; it opens nothing by itself.
  if (!key && data.link.includes("{key}")) return null;
  return data.link.replace("{x}", encodeURIComponent(x)).replace("{key}", encodeURIComponent(key));
}

function paint(echarts, figure) {
  const canvas = figure.querySelector("[data-canvas]");
  const data = JSON.parse(document.getElementById(figure.dataset.values).textContent);
  data.kind = figure.dataset.chart;
  data.places ??= 1;
  const colours = palette();
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  const render = () => {
    const width = canvas.clientWidth;
    legend(figure, data, colours, width);
    chart.setOption(
      { animation: false, textStyle: { fontFamily: colours.font, color: colours.ink }, tooltip: tooltip(data, colours), ...kinds[data.kind](data, colours, width) },
      { notMerge: true },
    );
    const beside = names(chart, data, colours, width, canvas.clientHeight);
    if (beside.length) chart.setOption({ graphic: beside });
  };
  render();
  if (data.nodes) chart.on("click", (item) => item.data.url && location.assign(item.data.url));
  if (data.link) {
    chart.on("click", (item) => {
      const series = data.series.find((one) => one.name === item.seriesName);
      const url = address(data, item.dataIndex ?? -1, series);
      if (url) location.assign(url);
    });
  }
  const observer = new ResizeObserver(() => {
    if (before) return;
    chart.resize();
    render();
  });
  observer.observe(canvas);
  drawn.set(figure, () => {
    observer.disconnect();
    chart.dispose();
  });
}

function fail(figure, error) {
  const notice = figure.querySelector("[data-failed]");
  notice.textContent = `${words.chartFailed} (${error.message})`;
  notice.hidden = false;
  figure.querySelector("[data-canvas]").hidden = true;
  figure.querySelector("[data-table]").open = true;
}

function repaint(figure) {
  drawn.get(figure)?.();
  try {
    paint(window.echarts, figure);
  } catch (error) {
    fail(figure, error);
  }
}

export async function draw(part = document) {
  const figures = [...part.querySelectorAll("[data-chart]")];
  try {
    await load();
    figures.forEach(repaint);
  } catch (error) {
    figures.forEach((figure) => fail(figure, error));
  }
}

function repaintAll() {
  for (const figure of [...drawn.keys()]) {
    if (figure.isConnected) repaint(figure);
    else drawn.delete(figure);
  }
}

// Paper is white: draw light before printing, and as it was afterwards. Numbers print below.
addEventListener("beforeprint", () => {
  const theme = root.dataset.theme;
  root.dataset.theme = "light";
  repaintAll();
  before = theme;
  // The page is laid out anew at the width of the paper: let the picture grow and shrink with it.
  for (const svg of document.querySelectorAll("[data-canvas] svg")) {
    svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
  }
  for (const table of document.querySelectorAll("[data-table]")) table.open = true;
});
addEventListener("afterprint", () => {
  root.dataset.theme = before;
  before = undefined;
  repaintAll();
  for (const table of document.querySelectorAll("[data-table]")) table.open = false;
});
document.addEventListener("tanfeng:theme", repaintAll);
