// The numbers of the shown agent's evaluation: its metrics, and a chart of its curves over epochs.
/* global Chart */

import { chartOptions, paintFrame } from "./charts.js";
import { spell } from "./fitness-chart.js";
import { onSchemeChange, palette } from "./palette.js";

const GOLDEN_ANGLE = 137.508; // degrees; neighbouring curves get distant hues
const FIRST_HUE = 205;
const colour = (place) => `hsl(${(FIRST_HUE + place * GOLDEN_ANGLE) % 360} 46% 54%)`;

export class Measurements {
  // `root` holds a dl for metrics, and a canvas with a list for the legend of curves.
  constructor(root) {
    const canvas = root.querySelector("canvas");
    Object.assign(this, { root, canvas, plot: canvas.parentElement, metrics: root.querySelector("dl"), keys: root.querySelector(".keys"), confusion: root.querySelector(".confusion") });
    this.chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: this.options() });
    this.paint();
    onSchemeChange(() => this.paint());
  }

  options() {
    const options = chartOptions({
      interaction: { mode: "nearest", axis: "x", intersect: false },
      tooltip: {
        callbacks: {
          title: (items) => (items.length ? `Epoch ${items[0].parsed.x}` : ""),
          label: (item) => `${item.dataset.label}  ${spell(item.parsed.y)}`,
        },
      },
      y: { type: "linear", ticks: { maxTicksLimit: 5 }, title: { display: false } },
    });
    Object.assign(options.scales.x, { min: 1, title: { display: true, text: "epoch" } });
    return options;
  }

  // `found`: metrics (pairs of name and text), curves (name, epochs, values), and confusion (classes, and counts
  // by class and predicted class), which may be null.
  // `generation`: curves over all agents of the generation, which are dashed.
  show({ metrics, curves: own, generation, confusion }) {
    const curves = [...own, ...generation];
    this.showConfusion(confusion);
    this.root.hidden = !metrics.length && !curves.length;
    this.metrics.hidden = !metrics.length;
    this.plot.hidden = this.keys.hidden = !curves.length;
    this.metrics.replaceChildren(...metrics.flatMap(([name, text]) => [element("dt", name), element("dd", text)]));
    this.keys.replaceChildren(...curves.map(({ name }, place) => {
      const key = element("li", name);
      key.style.setProperty("--key", colour(place));
      return key;
    }));
    this.chart.data.datasets = curves.map(({ name, epochs, values }) => ({
      label: name, borderWidth: 1.8, borderDash: name.endsWith("of the generation") ? [5, 4] : [], pointRadius: epochs.length > 1 ? 0 : 3,
      data: values.map((y, at) => ({ x: epochs[at], y })),
    }));
    this.chart.options.scales.x.max = Math.max(2, ...curves.map(({ epochs }) => epochs.at(-1)));
    this.canvas.setAttribute("aria-label", `Over the epochs; the last: ${curves.map(({ name, values }) => `${name} ${spell(values.at(-1))}`).join(", ")}.`);
    this.paint();
  }

  showConfusion(confusion) {
    this.confusion.hidden = !confusion;
    if (!confusion) return;
    const { classes, counts } = confusion;
    const head = element("tr", "");
    head.append(element("td", ""), ...classes.map((name) => Object.assign(element("th", name), { scope: "col" })));
    const rows = counts.map((row, place) => {
      const line = element("tr", ""), total = Math.max(row.reduce((sum, count) => sum + count, 0), 1);
      line.append(Object.assign(element("th", classes[place]), { scope: "row" }), ...row.map((count, column) => {
        const cell = element("td", count || "");
        cell.className = column === place ? "right" : "wrong";
        cell.style.setProperty("--share", `${Math.round((100 * count) / total)}%`);
        cell.title = `${count} of ${total} of class ${classes[place]} as ${classes[column]}`;
        return cell;
      }));
      return line;
    });
    this.confusion.querySelector("table").replaceChildren(head, ...rows);
  }

  paint() {
    this.chart.data.datasets.forEach((set, place) => Object.assign(set, { borderColor: colour(place), backgroundColor: colour(place) }));
    paintFrame(this.chart, palette());
    this.chart.update("none");
  }
}

function element(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}

// Fetches the numbers of every agent that the page shows; its name is run-generation-index.
function follow(name, root) {
  const numbers = new Measurements(root);
  let shown = "";
  const update = async () => {
    const asked = name.textContent;
    if (!asked || asked === shown) return;
    shown = asked;
    const [, generation, index] = asked.split("-");
    const answer = await fetch(`${root.dataset.url}?generation=${generation}&index=${index}`, { headers: { Accept: "application/json" } });
    const found = answer.ok ? await answer.json() : { metrics: [], curves: [], generation: [], confusion: null };
    if (shown === asked) numbers.show(found);
  };
  new MutationObserver(update).observe(name, { childList: true });
  update();
}

follow(document.getElementById("agent-name"), document.getElementById("measurements"));
