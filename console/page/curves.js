// The curves of a cluster: commands, times and lag, with marks where a leader has changed or a snapshot was taken.

import { byId, element } from "./dom.js";
import { bytes, micros, rate, roundMicros, time } from "./format.js";

const MAXIMUM_POINTS = 900;
const HEIGHT = 150;
const MARK_NAMES = { failover: "fail-over", election: "election", snapshot: "" };

const CHARTS = [
  { title: "commands /s", series: [["commands", "line-1", ""]], format: rate, axis: rate },
  { title: "answer", series: [["p50_us", "line-1", "p50"], ["p99_us", "line-2", "p99"]], format: micros, axis: roundMicros, isLog: true },
  { title: "lag of the last member", series: [["lag", "line-1", ""]], format: bytes, axis: bytes },
];

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Curves {
  #points = [];
  #marks = [];
  #charts = [];
  #widths = new ResizeObserver(() => this.#fit());

  constructor() {
    this.#widths.observe(byId("charts"));
  }

  /** Shows the curves of another cluster. */
  reset(points) {
    this.#points = points.slice(-MAXIMUM_POINTS);
    this.draw();
  }

  /** Adds a point; one that is there already is passed over. */
  add(point) {
    const last = this.#points.at(-1);
    if (last && point.at <= last.at) return;
    this.#points.push(point);
    if (this.#points.length > MAXIMUM_POINTS) this.#points.shift();
    this.#charts.forEach((chart, index) => chart.setData(this.#data(CHARTS[index])));
  }

  /** The marks, of which uPlot knows nothing. */
  mark(marks) {
    if (marks.length === this.#marks.length && marks.at(-1)?.at_ms === this.#marks.at(-1)?.at_ms) return;
    this.#marks = marks;
    this.#charts.forEach((chart) => chart.redraw(false));
  }

  /** Draws everything anew, as after a change of the theme. */
  draw() {
    this.#charts.forEach((chart) => chart.destroy());
    const parent = byId("charts");
    parent.replaceChildren();
    this.#charts = CHARTS.map((chart) => {
      const figure = element("figure");
      const title = element("figcaption");
      entitle(title, chart, null);
      figure.append(title);
      parent.append(figure);
      return new uPlot(this.#options(chart, figure, title), this.#data(chart), figure);
    });
  }

  #data(chart) {
    return [this.#points.map((point) => point.at), ...chart.series.map(([field]) => this.#points.map((point) => point[field]))];
  }

  #fit() {
    for (const chart of this.#charts) {
      const width = Math.floor(chart.root.parentElement.clientWidth);
      if (width > 0 && width !== chart.width) chart.setSize({ width, height: HEIGHT });
    }
  }

  #options(chart, figure, title) {
    const axis = { stroke: color("muted"), grid: { stroke: color("grid"), width: 1 }, ticks: { show: false }, font: "11px sans-serif" };
    const say = (plot) => {
      const at = plot.cursor.idx ?? null;
      entitle(title, chart, at === null ? null : plot.data.map((column) => column[at]));
    };
    const isPower = (tick) => Number.isInteger(Math.log10(tick));
    const filter = (_, ticks) => ticks.map((tick) => (isPower(tick) ? tick : null));
    const onlyPowers = chart.isLog ? { filter, grid: { ...axis.grid, filter } } : {};
    return {
      width: Math.max(200, Math.floor(figure.clientWidth)),
      height: HEIGHT,
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "curves" }, y: false, drag: { x: false, y: false }, points: { size: 5 } },
      scales: {
        x: { time: true },
        y: chart.isLog
          ? { distr: 3, range: (_, low, high) => logRange(low, high) }
          : { range: (_, __, high) => [0, Math.max(high ?? 0, 1) * 1.1] },
      },
      axes: [
        { ...axis, size: 22, gap: 3, space: 80, values: (_, ticks) => ticks.map((tick) => time(tick * 1000).slice(0, tick % 60 ? 8 : 5)) },
        {
          ...axis,
          size: 58,
          gap: 4,
          space: 26,
          values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : chart.axis(tick))),
          ...onlyPowers,
        },
      ],
      series: [
        {},
        ...chart.series.map(([, line]) => ({ stroke: color(line), width: 1.5, points: { show: false }, spanGaps: false })),
      ],
      hooks: { draw: [(plot) => this.#drawMarks(plot)], setCursor: [say] },
    };
  }

  #drawMarks(plot) {
    const { ctx, bbox } = plot;
    const [from, to] = [plot.scales.x.min, plot.scales.x.max];
    ctx.save();
    ctx.font = `${11 * devicePixelRatio}px sans-serif`;
    ctx.textBaseline = "top";
    for (const mark of this.#marks) {
      const at = mark.at_ms / 1000;
      if (at < from || at > to) continue;
      const x = Math.round(plot.valToPos(at, "x", true)) + 0.5;
      const isMinor = mark.kind === "snapshot";
      ctx.strokeStyle = ctx.fillStyle = color(`mark-${mark.kind}`);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(isMinor ? [2 * devicePixelRatio, 3 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const name = MARK_NAMES[mark.kind];
      const width = ctx.measureText(name).width;
      const isRoomRight = x + width + 6 * devicePixelRatio < bbox.left + bbox.width;
      ctx.textAlign = isRoomRight ? "left" : "right";
      ctx.fillText(name, x + (isRoomRight ? 4 : -4) * devicePixelRatio, bbox.top + 2 * devicePixelRatio);
    }
    ctx.restore();
  }
}

/** Puts the title of a chart with the names of its series into its caption, or the values of one second. */
function entitle(caption, chart, values) {
  const words = chart.series.map(([, line, name], index) =>
    element("span", line, values ? ` ${name} ${chart.format(values[index + 1])}` : ` ${name}`),
  );
  caption.replaceChildren(element("span", "", values ? `${chart.title}, ${time(values[0] * 1000)}` : chart.title), ...words);
}

/** Whole powers of ten around the values. */
function logRange(low, high) {
  if (!(low > 0) || !(high > 0)) return [10, 10_000];
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return [10 ** from, 10 ** Math.max(to, from + 1)];
}
