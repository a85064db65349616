// The picture of a point over any window: readings, energy and quality on one clock. What is shown
// is asked anew from the server as fine as the window allows, and the address keeps the window.
// All moments are milliseconds on the city's clock, handled as if that were UTC.
import { cell, format, load, palette, short, swatch } from "../js/charts.js";
import { words as common } from "../js/ui.js";

const HOUR = 3600000;
// How long the picture stands still before it asks for finer parts. [ms]
const QUIET = 220;
const WORTH = ["measured", "estimated", "missing"];
// Lanes of what lasted for a time, from the top.
const LANES = ["bad", "note", "late"];
const LANE = 17;
const figure = document.querySelector("[data-zoom]");
const read = (id) => JSON.parse(document.getElementById(id).textContent);

const stamp = (ms) => new Date(ms).toISOString().slice(0, 16);
const clock = (ms) => stamp(ms).replace("T", " ");

function start(echarts) {
  const canvas = figure.querySelector("[data-canvas]");
  const said = read("zoom-words");
  let data = read("zoom-data");
  const home = { from: data.from, until: data.until };
  let shown = { ...home };
  let chart = echarts.init(canvas, null, { renderer: "svg" });
  let colours = palette();
  let waiting;
  let asking;

  const spans = () => data.marks.filter((mark) => mark.until !== null);
  const lanes = () => LANES.filter((kind) => spans().some((mark) => mark.kind === kind));

  // Where each part of the picture stands, from the top. [px]
  const places = () => {
    const height = canvas.clientHeight;
    const happened = lanes().length * LANE;
    const part = (height - 118 - happened) / 2;
    const below = 22 + 2 * part + 36;
    return { readings: { top: 22, height: part }, energy: { top: 22 + part + 26, height: part }, happened: { top: below - 4, height: happened }, quality: { top: below + happened, height: 14 } };
  };

  const rect = (params, api, from, until, low, high, style) => {
    const [left, top] = api.coord([from, high]);
    const [right, bottom] = api.coord([until, low]);
    const gap = right - left > 5 ? 1 : 0;
    const shape = echarts.graphic.clipRectByRect({ x: left, y: top, width: Math.max(right - left - gap, 0.6), height: bottom - top }, params.coordSys);
    return shape && { type: "rect", shape, style };
  };

  const blocks = (name, axis, rows, colour) => ({
    name,
    type: "custom",
    xAxisIndex: axis,
    yAxisIndex: axis,
    encode: { x: [0, 1], y: [2, 3] },
    data: rows,
    clip: true,
    animation: false,
    renderItem: (params, api) => rect(params, api, api.value(0), api.value(1), api.value(2), api.value(3), { fill: typeof colour === "string" ? colour : colour[api.value(4)] }),
  });

  // A bar with its words, as far as they fit.
  function bar(params, api, used) {
    const mark = spans()[api.value(2)];
    const lane = used.length - used.indexOf(mark.kind);
    const box = rect(params, api, api.value(0), api.value(1), lane - 0.92, lane - 0.08, { fill: colours.of[mark.kind] ?? colours.control, opacity: 0.35 });
    if (!box) return undefined;
    const { x, y, width, height } = box.shape;
    const words = { text: mark.words, x: x + 4, y: y + height / 2, width: Math.max(width - 8, 0), overflow: "truncate", ellipsis: "…", verticalAlign: "middle", fontSize: 11, fontFamily: colours.font, fill: colours.ink };
    return { type: "group", children: width > 24 ? [box, { type: "text", style: words, silent: true }] : [box] };
  }

  // A stretch without readings is a gap in the line, not a slope across it.
  function line(values) {
    const { x, step } = data.readings;
    const rows = [];
    x.forEach((at, index) => {
      if (index && at - x[index - 1] > step * 1.5) rows.push([x[index - 1] + step, null]);
      rows.push([at, values[index]]);
    });
    return rows;
  }

  function series() {
    const { readings, energy, quality, marks } = data;
    const wide = readings.rows.some((count) => count > 1) && !data.cut;
    const envelope = { type: "line", stack: "range", stackStrategy: "all", symbol: "none", silent: true, lineStyle: { opacity: 0 }, xAxisIndex: 0, yAxisIndex: 0 };
    const lines = marks.filter((mark) => mark.until === null).map((mark) => ({ xAxis: mark.x, label: { formatter: mark.words, color: colours.late, fontSize: 11 } }));
    const floor = energy.x.map((at, index) => [at, energy.until[index], 0, energy.measured[index]]);
    const above = energy.x.map((at, index) => [at, energy.until[index], energy.measured[index], energy.measured[index] + energy.estimated[index]]);
    return [
      ...(wide
        ? [
            { ...envelope, data: line(readings.low), areaStyle: { opacity: 0 } },
            { ...envelope, data: line(readings.high.map((high, index) => high - readings.low[index])), areaStyle: { color: colours.brand, opacity: 0.2 } },
          ]
        : []),
      { name: said.readings, type: "line", xAxisIndex: 0, yAxisIndex: 0, data: line(readings.last), color: colours.of.brand, symbol: "circle", symbolSize: 4, showSymbol: readings.x.length <= 60, lineStyle: { width: 1.6 }, markLine: lines.length ? { symbol: "none", silent: true, animation: false, data: lines, lineStyle: { color: colours["late-fill"], type: "dotted", width: 1.2 } } : undefined },
      blocks(said.measured, 1, floor, colours.of.measured),
      blocks(said.estimated, 1, above.filter((row) => row[3] > row[2]), colours.of.estimated),
      blocks(said.quality, 2, quality.map((one) => [one.from, one.until, 0, 1, WORTH.indexOf(one.quality)]), WORTH.map((name) => colours.of[name])),
      { type: "custom", xAxisIndex: 3, yAxisIndex: 3, encode: { x: [0, 1] }, data: spans().map((mark, index) => [mark.x, mark.until, index]), clip: true, animation: false, renderItem: (params, api) => bar(params, api, lanes()) },
    ];
  }

  function tip(items) {
    const at = (Array.isArray(items) ? items[0] : items)?.axisValue;
    const box = cell("div", "", "tip");
    if (at === undefined) return box;
    const list = document.createElement("table");
    const row = (colour, name, text) => {
      const tr = document.createElement("tr");
      const head = cell("td", "");
      head.append(swatch(colour), ` ${name}`);
      tr.append(head, cell("td", text, "n"));
      list.append(tr);
    };
    const { readings, energy, quality } = data;
    const near = nearest(readings.x, at, readings.step);
    if (near >= 0) {
      const range = readings.low[near] !== readings.high[near] ? ` (${format(readings.low[near], 2)}–${format(readings.high[near], 2)})` : "";
      row(colours.of.brand, said.readings, `${format(readings.last[near], 2)} ${data.unit}${range}`);
    }
    const bar = energy.x.findIndex((from, index) => from <= at && at < energy.until[index]);
    if (bar >= 0) {
      row(colours.of.measured, `${said.energy}, ${said.measured}`, `${format(energy.measured[bar], 1)} ${data.energy_unit}`);
      if (energy.estimated[bar] > 0) row(colours.of.estimated, `${said.energy}, ${said.estimated}`, `${format(energy.estimated[bar], 1)} ${data.energy_unit}`);
    }
    const worth = quality.find((one) => one.from <= at && at < one.until);
    box.append(cell("p", clock(bar >= 0 ? energy.x[bar] : at), "strong"), list);
    if (worth) box.append(cell("p", worth.words, "small"));
    for (const mark of spans()) if (mark.x <= at && at < mark.until) box.append(cell("p", mark.words, "small"));
    return box;
  }

  function render() {
    const { readings, energy, quality, happened } = places();
    const label = { color: colours["ink-3"], fontSize: 12 };
    const name = (text) => ({ name: text, nameTextStyle: { color: colours["ink-3"], fontSize: 11, align: "left" }, nameGap: 8 });
    const time = (index, last) => ({ type: "time", gridIndex: index, min: data.extent[0], max: data.extent[1], axisLine: { lineStyle: { color: colours.control } }, axisTick: { show: last }, axisLabel: { ...label, show: last, hideOverlap: true }, axisPointer: { lineStyle: { color: colours.control } } });
    const value = (index, extra) => ({ type: "value", gridIndex: index, splitNumber: 3, axisLabel: { ...label, formatter: short }, splitLine: { lineStyle: { color: colours.line } }, ...extra });
    const side = { left: 58, right: 14 };
    const zoomed = { xAxisIndex: [0, 1, 2, 3], startValue: shown.from, endValue: shown.until, minValueSpan: HOUR, filterMode: "none" };
    chart.setOption(
      {
        animation: false,
        useUTC: true,
        textStyle: { fontFamily: colours.font, color: colours.ink },
        grid: [{ ...side, ...readings }, { ...side, ...energy }, { ...side, ...quality }, { ...side, ...happened }],
        xAxis: [time(0, false), time(1, false), time(2, true), { ...time(3, false), axisLine: { show: false } }],
        yAxis: [
          value(0, { scale: true, ...name(`${said.readings} ${data.unit}${data.cut ? ` · ${common.cutAxis}` : ""}`) }),
          value(1, { min: 0, ...name(`${said.energy} ${data.energy_unit}`) }),
          value(2, { min: 0, max: 1, show: false }),
          value(3, { min: 0, max: Math.max(lanes().length, 1), show: false }),
        ],
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        tooltip: { trigger: "axis", confine: true, padding: 0, borderWidth: 0, backgroundColor: "transparent", extraCssText: "box-shadow:none", transitionDuration: 0, formatter: tip },
        dataZoom: [
          { ...zoomed, type: "inside", zoomOnMouseWheel: document.activeElement === canvas ? true : "ctrl", moveOnMouseMove: true, preventDefaultMouseMove: false },
          { ...zoomed, type: "slider", ...side, bottom: 2, height: 22, brushSelect: true, showDetail: false, showDataShadow: false, borderColor: colours.line, fillerColor: colours.track, handleStyle: { color: colours.panel, borderColor: colours.control }, moveHandleSize: 0, brushStyle: { color: colours.brand, opacity: 0.15 } },
        ],
        series: series(),
      },
      { notMerge: true },
    );
  }

  function tell() {
    const both = `from=${encodeURIComponent(stamp(data.from))}&until=${encodeURIComponent(stamp(data.until))}`;
    history.replaceState(null, "", `?${both}`);
    for (const link of document.querySelectorAll("a[download]")) link.href = `?${both}&export=xlsx`;
    figure.querySelector("[data-zoom-span]").textContent = `${clock(data.from)} – ${clock(data.until)}`;
    const total = figure.querySelector("[data-zoom-total]");
    if (total) total.textContent = format(data.total, 0);
    const when = (ms) => (ms === null ? "" : clock(ms).slice(5));
    const worth = data.quality.filter((one) => one.quality !== "measured");
    list("[data-zoom-worth]", worth.map((one) => [when(one.from), when(one.until), one.words, ""]), data.quality.length ? said.allMeasured : said.nothingKnown);
    list("[data-zoom-happened]", data.marks.map((one) => [when(one.x), when(one.until), one.words, one.url]), said.nothingHappened);
  }

  function list(where, rows, none) {
    const made = rows.map(([from, until, words, url]) => {
      const row = document.createElement("tr");
      const last = cell("td", url ? "" : words);
      if (url) {
        const link = cell("a", words);
        link.href = url;
        last.append(link);
      }
      row.append(cell("td", from, "nowrap"), cell("td", until, "nowrap"), last);
      return row;
    });
    if (!rows.length) {
      const only = cell("td", none, "muted");
      only.colSpan = 3;
      const row = document.createElement("tr");
      row.append(only);
      made.push(row);
    }
    document.querySelector(`${where} tbody`).replaceChildren(...made);
  }

  async function fetchWindow() {
    asking?.abort();
    asking = new AbortController();
    const wide = stamp(Math.floor(shown.from / 60000) * 60000);
    const until = stamp(Math.ceil(shown.until / 60000) * 60000);
    const notice = figure.querySelector("[data-failed]");
    try {
      const answer = await fetch(`${figure.dataset.zoom}?from=${encodeURIComponent(wide)}&until=${encodeURIComponent(until)}`, { signal: asking.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = await answer.json();
      // How far the picture may be moved stays, so that the slider does not jump.
      data = { ...found, extent: [Math.min(data.extent[0], found.extent[0]), Math.max(data.extent[1], found.extent[1])] };
      notice.hidden = true;
      render();
      tell();
    } catch (error) {
      if (error.name === "AbortError") return;
      notice.textContent = `${common.chartFailed} (${error.message})`;
      notice.hidden = false;
    }
  }

  function settle() {
    clearTimeout(waiting);
    waiting = setTimeout(fetchWindow, QUIET);
  }

  function go(from, until) {
    const span = Math.max(HOUR, Math.min(until - from, data.extent[1] - data.extent[0]));
    const first = Math.min(Math.max(from, data.extent[0]), data.extent[1] - span);
    shown = { from: first, until: first + span };
    chart.dispatchAction({ type: "dataZoom", dataZoomIndex: 0, startValue: shown.from, endValue: shown.until });
    settle();
  }

  const moves = {
    left: () => go(shown.from - (shown.until - shown.from) / 4, shown.until - (shown.until - shown.from) / 4),
    right: () => go(shown.from + (shown.until - shown.from) / 4, shown.until + (shown.until - shown.from) / 4),
    in: () => go(shown.from + (shown.until - shown.from) / 4, shown.until - (shown.until - shown.from) / 4),
    out: () => go(shown.from - (shown.until - shown.from) / 2, shown.until + (shown.until - shown.from) / 2),
    back: () => go(home.from, home.until),
  };
  const keys = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", _: "out", 0: "back" };
  canvas.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    moves[move]();
  });
  // The wheel belongs to the page until somebody is in the picture.
  const wheel = (free) => chart.setOption({ dataZoom: [{ zoomOnMouseWheel: free }] });
  canvas.addEventListener("focusin", () => wheel(true));
  canvas.addEventListener("focusout", () => wheel("ctrl"));
  canvas.addEventListener("pointerdown", () => canvas.focus({ preventScroll: true }));
  for (const button of figure.querySelectorAll("[data-zoom-do]")) button.addEventListener("click", () => moves[button.dataset.zoomDo]());
  figure.querySelector("[data-zoom-bar]").hidden = false;

  const follow = () =>
    chart.on("datazoom", () => {
      const { startValue, endValue } = chart.getOption().dataZoom[0];
      if (Math.abs(startValue - shown.from) < 1 && Math.abs(endValue - shown.until) < 1) return;
      shown = { from: startValue, until: endValue };
      settle();
    });
  const repaint = () => {
    chart.dispose();
    colours = palette();
    chart = echarts.init(canvas, null, { renderer: "svg" });
    follow();
    render();
  };
  follow();
  render();
  new ResizeObserver(() => {
    chart.resize();
    render();
  }).observe(canvas);
  document.addEventListener("tanfeng:theme", repaint);
  // Paper is white: charts.js has set the theme of paper, and sets it back, before these run.
  addEventListener("beforeprint", repaint);
  addEventListener("afterprint", repaint);
  canvas.dataset.ready = "";
}

function nearest(x, at, step) {
  let low = 0;
  let high = x.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && Math.abs(x[low - 1] - at) <= Math.abs(x[low] - at)) low -= 1;
  return x.length && Math.abs(x[low] - at) <= step ? low : -1;
}

if (figure) {
  load().then(start, (error) => {
    const notice = figure.querySelector("[data-failed]");
    notice.textContent = `${common.chartFailed} (${error.message})`;
    notice.hidden = false;
    figure.querySelector("[data-table]").open = true;
  });
}
