// The line of descent of an agent: births from the fitter parent to the child, the latest first.

import { spell } from "./fitness-chart.js";

export class Descent {
  // `choose` is called with "generation-index" when a birth is clicked.
  constructor(root, choose) {
    Object.assign(this, { root, choose, rows: root.querySelector("tbody"), summary: root.querySelector("p") });
  }

  // Shows births (generation, index, since, operator, changes, fitness, change), the number `before` them,
  // and the `first` agent of the line (generation, operator), which is null where it was not reached or is
  // not kept.
  show({ births, before, first }) {
    this.root.hidden = !births.length;
    this.rows.replaceChildren(...births.map((birth) => this.row(birth)));
    const earlier = before ? `And ${first ? "" : "at least "}${before} before. ` : "";
    const began = first ? `The first was ${first.operator} in generation ${first.generation}.` : "";
    this.summary.textContent = earlier + began || "What came before is not kept.";
  }

  row(birth) {
    const { generation, index, since, operator, changes, fitness, change } = birth;
    const place = Object.assign(document.createElement("button"), {
      type: "button", className: "link", textContent: generation, title: `Look at ${birth.name}`,
    });
    place.addEventListener("click", () => this.choose(`${generation}-${index}`));
    const row = document.createElement("tr");
    const changed = since < generation ? `${changes} since generation ${since}` : changes || "not known: its genome is not kept";
    const cells = [place, operator, changed, gained(fitness, change)];
    row.append(...cells.map((content) => {
      const cell = document.createElement("td");
      cell.append(content);
      return cell;
    }));
    return row;
  }
}

function gained(fitness, change) {
  const figures = document.createElement("span");
  figures.append(spell(fitness));
  if (change) {
    const more = Object.assign(document.createElement("small"), { textContent: ` ${change > 0 ? "+" : "−"}${spell(Math.abs(change))}` });
    more.className = change > 0 ? "gain" : "loss";
    figures.append(more);
  }
  return figures;
}
