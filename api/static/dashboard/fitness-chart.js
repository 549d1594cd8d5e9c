// Fitness over the generations: best, mean, interquartile range, and threshold where there is one. Points are
// appended.
/* global Chart */

import { chartOptions, paintFrame } from "./charts.js";
import { onSchemeChange, palette } from "./palette.js";

const WIDE = 1000; // positive values whose ratio exceeds this are drawn on a logarithmic scale
const SERIES = ["lower_quartile", "upper_quartile", "mean", "threshold", "best"];

export class FitnessChart {
  // `choose` is called with a generation when one is clicked.
  constructor(canvas, choose) {
    this.canvas = canvas;
    this.generations = [];
    this.chosen = null;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    this.chart = new Chart(canvas, {
      type: "line",
      data: { datasets: SERIES.map((name) => ({ label: name.replace("_", " "), data: [], pointRadius: 0 })) },
      options: this.options(choose),
      plugins: [{ id: "chosen", afterDatasetsDraw: (chart) => this.mark(chart) }],
    });
    this.paint();
    onSchemeChange(() => this.paint());
  }

  get next() {
    return this.generations.length ? this.generations.at(-1) + 1 : 0;
  }

  options(choose) {
    return chartOptions({
      interaction: { mode: "index", intersect: false },
      onClick: (event, items, chart) => {
        const at = Math.round(chart.scales.x.getValueForPixel(event.x));
        if (this.generations.length) choose(Math.min(Math.max(at, 0), this.next - 1));
      },
      tooltip: {
        displayColors: false,
        callbacks: {
          title: (items) => `Generation ${items[0]?.parsed.x}`,
          label: (item) => `${item.dataset.label}  ${spell(item.parsed.y)}`,
        },
        itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
      },
      y: { type: "linear", afterDataLimits: addRoom, ticks: { maxTicksLimit: 7 }, title: { display: true, text: "fitness" } },
    });
  }

  // Appends columns of equal length; `columns.generation` continues the generations already shown.
  add(columns) {
    this.generations.push(...columns.generation);
    this.chart.data.datasets.forEach((dataset, series) => {
      columns[SERIES[series]].forEach((y, at) => dataset.data.push({ x: columns.generation[at], y }));
    });
    this.chart.options.scales.x.max = Math.max(this.next - 1, 1);
    this.scale();
    this.chart.update("none");
    this.describe(columns);
  }

  scale() {
    const values = this.chart.data.datasets.flatMap(({ data }) => data.map(({ y }) => y)).filter((y) => y != null);
    const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const isWide = low > 0 && high > low * WIDE;
    const { y } = this.chart.options.scales;
    if (isWide === (y.type === "logarithmic")) return;
    y.type = isWide ? "logarithmic" : "linear";
    y.title.text = isWide ? "fitness, logarithmic" : "fitness";
    y.ticks.callback = isWide ? (value) => (Number.isInteger(Math.log10(value)) ? spell(value) : "") : undefined;
    if (!isWide) delete y.ticks.callback;
  }

  clear() {
    this.generations = [];
    for (const dataset of this.chart.data.datasets) dataset.data = [];
  }

  choose(generation) {
    this.chosen = generation;
    this.chart.draw();
  }

  describe(columns) {
    if (!columns.generation.length) return;
    const best = spell(columns.best.at(-1)), mean = spell(columns.mean.at(-1));
    this.canvas.setAttribute("aria-label", `Fitness over ${this.next} generations; the last: best ${best}, mean ${mean}.`);
  }

  paint() {
    const colours = palette();
    const [low, high, mean, threshold, best] = this.chart.data.datasets;
    Object.assign(low, { borderWidth: 0 });
    Object.assign(high, { borderWidth: 0, fill: "-1", backgroundColor: colours.band });
    Object.assign(mean, { borderColor: colours.muted, borderWidth: 1.6 });
    Object.assign(threshold, { borderColor: colours["gold-fill"], borderWidth: 1.8, borderDash: [5, 4], stepped: "before" });
    Object.assign(best, { borderColor: colours.accent, borderWidth: 2.4, borderJoinStyle: "round" });
    for (const set of this.chart.data.datasets) Object.assign(set, { pointHoverRadius: 3, hoverBackgroundColor: set.borderColor });
    paintFrame(this.chart, colours);
    this.chart.update("none");
  }

  mark(chart) {
    if (this.chosen === null || this.chosen >= this.next) return;
    const { ctx, chartArea } = chart;
    const x = chart.scales.x.getPixelForValue(this.chosen);
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = palette().accent;
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, chartArea.top);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
    ctx.globalAlpha = 1;
    const best = chart.data.datasets.at(-1).data.findLast((point) => point.x <= this.chosen);
    if (best?.y != null) {
      ctx.beginPath();
      ctx.arc(x, chart.scales.y.getPixelForValue(best.y), 4.5, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }
}

function addRoom(scale) {
  if (scale.type === "logarithmic") {
    scale.max *= 1.5;
    return;
  }
  scale.max += (scale.max - scale.min) * 0.06 || 1;
}

export function spell(number) {
  if (number == null) return "–";
  const rounded = Math.abs(number) >= 1000 ? Math.round(number) : Number(number.toPrecision(4)); // as pages do on the server
  return rounded.toLocaleString("en", { maximumFractionDigits: 4 });
}
