// All trained agents of a run by two of their metrics, a cost and a gain, with the best trade-offs; and what is
// being trained now.
/* global Chart */

import { chartOptions, paintFrame } from "./charts.js";
import { spell } from "./fitness-chart.js";
import { onSchemeChange, palette } from "./palette.js";

const MILLISECONDS = 3000;

class TradeOff {
  // `card` holds the canvas, a sentence and a list of what is under way; `choose` is called with the name
  // "generation-index" of an agent that is clicked.
  constructor(card, choose) {
    const canvas = card.querySelector("canvas");
    Object.assign(this, { card, canvas, spared: card.querySelector(".spared"), underWay: card.querySelector(".under-way") });
    const set = (more) => ({ data: [], pointRadius: 3.5, pointHoverRadius: 6, ...more });
    const datasets = [set({ showLine: true, borderWidth: 1.5, stepped: "before", label: "front" }), set({ label: "agents" })];
    this.chart = new Chart(canvas, { type: "scatter", data: { datasets }, options: this.options(choose) });
    onSchemeChange(() => this.paint());
  }

  options(choose) {
    const options = chartOptions({
      interaction: { mode: "nearest", intersect: true },
      onClick: (event, items) => { if (items.length) choose(items[0].element.$context.raw.name); },
      tooltip: {
        callbacks: {
          title: (items) => (items.length ? `Agent ${items[0].raw.name}` : ""),
          label: (item) => `${spell(item.parsed.y)} with ${item.parsed.x.toLocaleString()} ${this.cost}`,
        },
      },
      y: { type: "linear", ticks: { maxTicksLimit: 6 }, title: { display: true } },
    });
    options.scales.x = { type: "logarithmic", ticks: { maxTicksLimit: 7, maxRotation: 0 }, title: { display: true } };
    return options;
  }

  // `found`: x, y (names), agents (generation, index, x, y), front (places of the best), spared and under_way
  // (sentences).
  show({ x, y, agents, front, spared, under_way: underWay }) {
    this.cost = x;
    const points = agents.map(([generation, index, cost, gain]) => ({ x: cost, y: gain, name: `${generation}-${index}` }));
    this.card.hidden = !points.length && !underWay.length;
    this.canvas.parentElement.hidden = !points.length;
    const [best, all] = this.chart.data.datasets;
    best.data = front.map((place) => points[place]);
    all.data = points;
    const { scales } = this.chart.options;
    scales.x.title.text = x;
    scales.y.title.text = y;
    this.spared.textContent = spared;
    this.underWay.replaceChildren(...underWay.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.underWay.previousElementSibling.hidden = !underWay.length;
    this.canvas.setAttribute("aria-label", `${y} of ${points.length} agents by their ${x}; the best trade-offs: ${best.data.map((each) => `${each.x} ${x}, ${spell(each.y)}`).join("; ")}.`);
    this.paint();
  }

  paint() {
    const colours = palette(), [best, all] = this.chart.data.datasets;
    Object.assign(best, { borderColor: colours.accent, backgroundColor: colours.accent, pointRadius: 5 });
    Object.assign(all, { borderColor: "transparent", backgroundColor: colours.muted });
    paintFrame(this.chart, colours);
    this.chart.update("none");
  }
}

const card = document.getElementById("trainings");
if (card) {
  const tradeOff = new TradeOff(card, (name) => document.dispatchEvent(new CustomEvent("choose-agent", { detail: name })));
  let last = "";
  const update = async () => {
    const live = document.getElementById("live"), isActive = live.hasAttribute("hx-get");
    const now = `${live.dataset.next} ${isActive}`;
    if (now !== last || isActive) {
      const answer = await fetch(card.dataset.url, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        tradeOff.show(await answer.json());
        last = now;
      }
    }
    setTimeout(update, MILLISECONDS);
  };
  update();
}
