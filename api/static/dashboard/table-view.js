// The answers of a network to the rows of a table beside the targets: row by row, or over the input where
// there is only one. Where there are many rows, a scatter plot of answer over target.

import { penOf } from "./canvas.js";
import { spell } from "./fitness-chart.js";
import { palette } from "./palette.js";
import { seenIn } from "./signal-view.js";

const MOST_ROWS = 60; // that are drawn side by side
const MOST_OUTPUTS = 8;
const HEIGHT = 150, LEAST_HEIGHT = 220, MOST_HEIGHT = 640; // heights of one output and of all, in pixels
const LEFT = 56, RIGHT = 14, ABOVE = 26, BELOW = 24, INSIDE = 12;

export class TableView {
  constructor(canvas) {
    Object.assign(this, { canvas, colours: palette(), way: null, at: 0 });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // `way`: actions (an answer per row), targets, outputs (their names), activity (of every `stride`-th row,
  // the inputs first), and seen (the inputs, where there is no activity).
  show(way, at) {
    Object.assign(this, { way, at });
    this.draw();
  }

  draw() {
    if (!this.way?.targets) return;
    const outputs = Math.min(this.way.targets[0].length, MOST_OUTPUTS);
    this.canvas.style.height = `${Math.min(Math.max(outputs * HEIGHT, LEAST_HEIGHT), MOST_HEIGHT)}px`;
    const found = penOf(this.canvas);
    if (!found) return;
    const { pen, width, height } = found;
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    for (let output = 0; output < outputs; output += 1) {
      const top = (height * output) / outputs, low = (height * (output + 1)) / outputs;
      this.plot(pen, output, { left: LEFT, right: width - RIGHT, top: top + ABOVE, low: low - BELOW });
    }
  }

  plot(pen, output, box) {
    const { actions, targets } = this.way;
    const pairs = targets.map((row, place) => ({ place, target: row[output], answer: actions[place][output] }));
    const isScattered = pairs.length > MOST_ROWS;
    const [low, high] = spanned(pairs.flatMap(({ target, answer }) => [target, answer]));
    const up = (value) => box.low - INSIDE - ((value - low) / (high - low)) * (box.low - box.top - 2 * INSIDE);
    const places = isScattered ? targets.map((row) => row[output]) : this.places();
    const [first, last] = isScattered ? [low, high] : spanned(places);
    const room = box.right - box.left - 2 * INSIDE;
    const across = (value) => box.left + INSIDE + ((value - first) / (last - first)) * room;
    this.frame(pen, box, { low, high, first, last, name: this.way.outputs[output], isScattered });
    if (isScattered) this.diagonal(pen, across, up, [low, high]);
    const current = Math.floor(this.at + 0.5) - 1; // `at` is half a step behind, see replay.js
    for (const { place, target, answer } of pairs) {
      const x = across(places[place]), isNow = place === current;
      if (!isScattered) {
        segment(pen, isNow ? this.colours.danger : this.colours.line, isNow ? 3 : 2, [x, up(target)], [x, up(answer)]);
        ring(pen, this.colours["gold-fill"], [x, up(target)], 6);
      }
      spot(pen, isNow ? this.colours.danger : this.colours.accent, [x, up(answer)], isNow ? 5 : isScattered ? 2 : 4);
    }
  }

  // The x coordinates of the rows: the input where there is only one, else the row's number.
  places() {
    const { stride, targets } = this.way, seen = seenIn(this.way);
    const isAlone = stride === 1 && seen.every((values) => values.length === 1);
    return isAlone ? seen.map(([value]) => value) : targets.map((_, row) => row + 1);
  }

  frame(pen, box, { low, high, first, last, name, isScattered }) {
    const { colours } = this;
    segment(pen, colours.line, 1, [box.left, box.top], [box.left, box.low], [box.right, box.low]);
    Object.assign(pen, { fillStyle: colours.muted, textAlign: "right", textBaseline: "middle" });
    pen.fillText(spell(high), box.left - 6, box.top + INSIDE);
    pen.fillText(spell(low), box.left - 6, box.low - INSIDE);
    Object.assign(pen, { textAlign: "left", textBaseline: "bottom" });
    pen.fillText(isScattered ? `${name}: answer over target` : `${name}: ○ target, ● answer`, box.left, box.top - 6);
    pen.textBaseline = "top";
    pen.fillText(spell(first), box.left + INSIDE / 2, box.low + 5);
    pen.textAlign = "right";
    pen.fillText(spell(last), box.right, box.low + 5);
  }

  diagonal(pen, across, up, ends) {
    pen.setLineDash([4, 5]);
    segment(pen, this.colours["gold-fill"], 1.5, ...ends.map((value) => [across(value), up(value)]));
    pen.setLineDash([]);
  }
}

// The least and the largest value, moved apart where they are equal.
function spanned(values) {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

function segment(pen, colour, thickness, ...points) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: thickness });
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}

function ring(pen, colour, [x, y], radius) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: 2 });
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.stroke();
}

function spot(pen, colour, [x, y], radius) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
