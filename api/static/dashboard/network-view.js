// The drawing of a network. Hovering over a unit shows its connections; during a replay, units show their
// activity.

export class NetworkView {
  constructor(root) {
    this.root = root;
    root.addEventListener("pointerover", (event) => this.ask(event.target.closest("[data-node]")));
    root.addEventListener("pointerleave", () => this.ask(null));
  }

  // `units`: node names for each column of the activity, and for the outputs.
  show(svg, units) {
    this.units = units;
    this.root.innerHTML = svg; // drawn by this server, which escapes the text
    this.nodes = new Map([...this.root.querySelectorAll("[data-node]")].map((node) => [node.dataset.node, node]));
  }

  ask(node) {
    const name = node?.dataset.node;
    this.root.classList.toggle("asked", Boolean(name));
    if (!name) return;
    for (const path of this.root.querySelectorAll("path[data-source]")) {
      path.classList.toggle("touched", path.dataset.source === name || path.dataset.target === name);
    }
  }

  // `layers`: the values of the units for each column, or null without activity; `action`: the index of an
  // output, or a list with the value of each output.
  light(layers, action) {
    if (!this.nodes?.size) return;
    for (const node of this.nodes.values()) node.classList.remove("lit", "chosen");
    layers?.forEach((values, column) => values.forEach((value, unit) => {
      const node = this.nodes.get(this.units.columns[column][unit]);
      const disc = node?.querySelector(".disc");
      if (!disc) return;
      const strength = Math.min(Math.abs(value), 1);
      disc.style.fill = value < 0 ? "var(--network-negative)" : "var(--network-positive)";
      disc.style.fillOpacity = 0.08 + 0.92 * strength;
      node.classList.toggle("lit", column === 0 && strength > 0.05);
    }));
    const chosen = Number.isInteger(action) && layers ? this.nodes.get(this.units.outputs[action]) : null;
    chosen?.classList.add("chosen");
  }
}
