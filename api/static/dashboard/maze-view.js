// A maze on a canvas and an agent's trajectory: the cells it has entered, its trail, its lines of sight, its
// position.

import { palette } from "./palette.js";
import { seenIn } from "./signal-view.js";

const SIGHTS = [[-1, 0], [-1, 1], [0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1]];
const MOVES = [[-1, -1], [-1, 0], [-1, 1], [0, -1], [0, 0], [0, 1], [1, -1], [1, 0], [1, 1]];
const TAILS = [[Infinity, 0.3], [24, 0.45], [8, 1]]; // number of last steps, and their opacity

export class MazeView {
  constructor(canvas, rows) {
    Object.assign(this, { canvas, rows, colours: palette(), way: null, at: 0 });
    this.cells = rows.flatMap((row, i) => [...row].map((kind, j) => ({ i, j, kind })));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // `way`: positions, actions, ending, and what is observed, as for `seenIn`.
  show(way, at) {
    this.way = way;
    this.at = at;
    this.draw();
  }

  draw() {
    const scale = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width) return;
    if (this.canvas.width !== Math.round(width * scale)) this.canvas.width = Math.round(width * scale);
    if (this.canvas.height !== Math.round(height * scale)) this.canvas.height = Math.round(height * scale);
    const context = this.canvas.getContext("2d");
    const down = this.rows.length, across = this.rows[0].length;
    const size = Math.min(this.canvas.width / (across + 0.6), this.canvas.height / (down + 0.6));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.translate((this.canvas.width - size * across) / 2, (this.canvas.height - size * down) / 2);
    context.scale(size, size);
    this.map(context, across, down);
    if (this.way) this.walk(context, scale / size);
  }

  map(context, across, down) {
    const { colours } = this;
    const collected = this.collected();
    context.fillStyle = colours.ground;
    context.fillRect(0, 0, across, down);
    this.entered(context);
    context.strokeStyle = colours.line;
    context.lineWidth = 0.04;
    context.strokeRect(-0.02, -0.02, across + 0.04, down + 0.04);
    context.fillStyle = colours.wall;
    for (const { i, j, kind } of this.cells) {
      if (kind === "#") context.fillRect(j - 0.01, i - 0.01, 1.02, 1.02);
      if (kind === "S") this.ring(context, i, j, colours.accent);
      if (kind === "G") this.goal(context, i, j, collected.has(`${i},${j}`));
    }
  }

  entered(context) {
    if (!this.way) return;
    context.fillStyle = this.colours["accent-soft"];
    const until = Math.floor(this.at);
    const seen = new Set(this.way.positions.slice(0, until + 1).map(String));
    for (const cell of seen) {
      const [i, j] = cell.split(",").map(Number);
      context.fillRect(j - 0.01, i - 0.01, 1.02, 1.02);
    }
  }

  collected() {
    if (!this.way) return new Set();
    return new Set(this.way.positions.slice(0, Math.floor(this.at) + 1).map(String));
  }

  ring(context, i, j, colour) {
    context.save();
    context.globalAlpha = 0.7;
    context.strokeStyle = colour;
    context.lineWidth = 0.1;
    context.beginPath();
    context.arc(j + 0.5, i + 0.5, 0.32, 0, 2 * Math.PI);
    context.stroke();
    context.restore();
  }

  goal(context, i, j, isCollected) {
    context.save();
    context.translate(j + 0.5, i + 0.5);
    context.fillStyle = context.strokeStyle = this.colours["gold-fill"];
    context.beginPath();
    if (isCollected) {
      context.lineWidth = 0.12;
      context.lineCap = context.lineJoin = "round";
      context.moveTo(-0.26, 0.02);
      context.lineTo(-0.07, 0.22);
      context.lineTo(0.28, -0.22);
      context.stroke();
    } else {
      for (let point = 0; point < 10; point += 1) {
        const radius = point % 2 ? 0.19 : 0.42, angle = (point * Math.PI) / 5 - Math.PI / 2;
        context.lineTo(radius * Math.cos(angle), radius * Math.sin(angle));
      }
      context.fill();
    }
    context.restore();
  }

  walk(context, pixel) {
    const { positions } = this.way;
    const step = Math.min(Math.floor(this.at), positions.length - 1);
    const part = this.at - step;
    const [i, j] = positions[step];
    const [toI, toJ] = positions[Math.min(step + 1, positions.length - 1)];
    const here = [i + (toI - i) * part, j + (toJ - j) * part];
    this.sight(context, step, pixel, 1 - part);
    this.trail(context, step, here);
    this.walker(context, here);
    if (step === positions.length - 1) this.end(context, step);
  }

  trail(context, step, here) {
    const { positions } = this.way;
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 0.14;
    context.lineCap = context.lineJoin = "round";
    for (const [length, boldness] of TAILS) {
      context.globalAlpha = boldness;
      context.beginPath();
      for (const [i, j] of [...positions.slice(Math.max(step - length, 0), step + 1), here]) context.lineTo(j + 0.5, i + 0.5);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  // The eight lines of sight, each up to what it reaches; highlighted where that is a goal.
  sight(context, step, pixel, boldness) {
    const { stride } = this.way;
    const seen = step % stride ? null : seenIn(this.way)[step / stride];
    if (!seen) return;
    const [i, j] = this.way.positions[step];
    SIGHTS.forEach(([down, right], ray) => {
      const [space, , near] = seen.slice(3 * ray, 3 * ray + 3);
      const reach = Math.round(space * 10) + (near ? 1 : 0.5);
      context.save();
      context.strokeStyle = near ? this.colours["gold-fill"] : this.colours.muted;
      context.globalAlpha = (near ? 0.95 : 0.55) * boldness;
      context.lineWidth = (near ? 2.4 : 1.1) * pixel;
      context.setLineDash(near ? [] : [2 * pixel, 4 * pixel]);
      context.beginPath();
      context.moveTo(j + 0.5, i + 0.5);
      context.lineTo(j + 0.5 + right * reach, i + 0.5 + down * reach);
      context.stroke();
      context.restore();
    });
  }

  walker(context, [i, j]) {
    context.fillStyle = this.colours.surface;
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 0.16;
    context.beginPath();
    context.arc(j + 0.5, i + 0.5, 0.29, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    context.fillStyle = this.colours.accent;
    context.beginPath();
    context.arc(j + 0.5, i + 0.5, 0.11, 0, 2 * Math.PI);
    context.fill();
  }

  // Where an episode ends at an obstacle or the edge: a cross between the last cell and the one that was not
  // entered.
  end(context, step) {
    if (this.way.ending !== "bumped") return;
    const [i, j] = this.way.positions[step], [down, right] = MOVES[this.way.actions.at(-1)];
    context.save();
    context.translate(j + 0.5 + right * 0.62, i + 0.5 + down * 0.62);
    context.strokeStyle = this.colours.danger;
    context.lineWidth = 0.13;
    context.lineCap = "round";
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(-0.2, -0.2 * side);
      context.lineTo(0.2, 0.2 * side);
    }
    context.stroke();
    context.restore();
  }
}
