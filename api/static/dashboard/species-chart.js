// The division of the population into species over the generations: a band for each, as high as its number of
// agents.
/* global Chart */

import { chartOptions, paintFrame } from "./charts.js";
import { onSchemeChange, palette } from "./palette.js";

const GOLDEN_ANGLE = 137.508; // degrees; species with neighbouring numbers get distant hues
const MOST_KEYS = 10;
const colour = (hue) => `hsl(${hue} 36% 57% / 78%)`;

export class SpeciesChart {
  // `card` holds the canvas, an element for a sentence and a list for the legend; `choose` is called with a
  // generation when one is clicked.
  constructor(card, choose) {
    const canvas = card.querySelector("canvas");
    Object.assign(this, { card, canvas, summary: card.querySelector("p"), keys: card.querySelector(".keys") });
    this.chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: this.options(choose) });
    this.paint();
    onSchemeChange(() => this.paint());
  }

  options(choose) {
    return chartOptions({
      interaction: { mode: "nearest", axis: "x", intersect: false },
      onClick: (event, items) => { if (items.length) choose(items[0].element.$context.raw.x); },
      tooltip: {
        filter: (item) => item.raw.y > 0,
        callbacks: {
          title: (items) => (items.length ? `Generation ${items[0].parsed.x}` : ""),
          label: (item) => `${item.dataset.label}  ${item.raw.y}`,
        },
      },
      y: { stacked: true, min: 0, ticks: { maxTicksLimit: 5, precision: 0 }, title: { display: true, text: "agents" } },
    });
  }

  // `found`: generation, species (number, and a size for each generation), others (the size of all small
  // species together), and alive (the number of species in the last generation).
  show(found) {
    const bands = found.species.map(({ number, sizes }) => ({ number, label: `species ${number}`, hue: (number * GOLDEN_ANGLE) % 360, sizes }));
    if (found.others.some(Boolean)) bands.push({ label: "others", hue: null, sizes: found.others });
    this.chart.data.datasets = bands.map(({ label, hue, sizes }) => ({
      label, hue, fill: "stack", pointRadius: 0, borderWidth: 1,
      data: sizes.map((y, at) => ({ x: found.generation[at], y })),
    }));
    const last = found.generation.length - 1;
    this.card.hidden = last < 0;
    this.explain(bands, last);
    this.chart.options.scales.x.max = Math.max(found.generation[last] ?? 1, 1);
    this.summary.textContent = last < 0 ? "" : `${found.alive} in generation ${found.generation[last]}`;
    this.canvas.setAttribute("aria-label", `Agents of each species over the generations; ${this.summary.textContent}.`);
    this.paint();
  }

  // The legend: the largest species of the last generation, ordered by number.
  explain(bands, last) {
    const alive = bands.filter(({ sizes, hue }) => hue !== null && sizes[last]).sort((a, b) => b.sizes[last] - a.sizes[last]);
    const others = bands.filter(({ hue }) => hue === null);
    const listed = [...alive.slice(0, MOST_KEYS).sort((a, b) => a.number - b.number), ...others];
    this.keys.replaceChildren(...listed.map(({ label, hue, sizes }) => {
      const key = document.createElement("li");
      key.textContent = hue === null ? label : `${label} (${sizes[last]})`;
      key.style.setProperty("--key", hue === null ? "var(--line)" : colour(hue));
      return key;
    }));
    if (alive.length > MOST_KEYS) this.keys.append(`and ${alive.length - MOST_KEYS} that are smaller`);
  }

  paint() {
    const colours = palette();
    for (const set of this.chart.data.datasets) {
      set.backgroundColor = set.hue === null ? colours.line : colour(set.hue);
      set.borderColor = colours.surface;
    }
    paintFrame(this.chart, colours);
    this.chart.update("none");
  }
}
