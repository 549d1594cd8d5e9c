// What an agent sees over its life, for environments without a map: a line for each input, and where the replay is.

import { palette } from "./palette.js";

const MOST_LINES = 24;
const MOST_LABEL = 0.42; // of the width
const BAND = 70, LEAST_HEIGHT = 180, MOST_HEIGHT = 540; // of a line, and of all of them, in pixels

export class SignalView {
  constructor(canvas) {
    this.canvas = canvas;
    this.colours = palette();
    this.way = null;
    this.at = 0;
  }

  // `way`: inputs (their names), activity (per told step, the inputs first), and of how many steps one is told (stride).
  show(way, at) {
    this.way = way;
    this.at = at;
    this.draw();
  }

  draw() {
    const steps = this.way?.activity ?? [];
    const lines = Math.min(steps[0]?.[0].length ?? 0, MOST_LINES);
    this.canvas.style.height = `${Math.min(Math.max(lines * BAND, LEAST_HEIGHT), MOST_HEIGHT)}px`;
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    if (!steps.length) return;
    const band = height / lines;
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const widest = Math.max(...this.way.inputs.slice(0, lines).map((name) => pen.measureText(name).width));
    this.label = Math.min(widest + 24, width * MOST_LABEL);
    for (let input = 0; input < lines; input += 1) this.line(pen, steps, input, band, width);
    const x = this.label + ((width - this.label - 6) * Math.min(this.at / this.way.stride, steps.length)) / steps.length;
    pen.strokeStyle = this.colours["gold-fill"];
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    pen.stroke();
  }

  line(pen, steps, input, band, width) {
    const values = steps.map((columns) => columns[0][input]);
    const low = Math.min(...values), span = Math.max(...values) - low;
    const middle = band * (input + 0.5), tall = band * 0.72;
    pen.fillStyle = this.colours.muted;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText(this.way.inputs[input] ?? `input ${input}`, this.label - 12, middle, this.label - 14);
    pen.strokeStyle = this.colours.accent;
    pen.lineWidth = 1.6;
    pen.beginPath();
    values.forEach((value, step) => {
      const x = this.label + ((width - this.label - 6) * (step + 0.5)) / values.length;
      const y = middle - tall * (span ? (value - low) / span - 0.5 : 0);
      if (step) pen.lineTo(x, y);
      else pen.moveTo(x, y);
    });
    pen.stroke();
  }
}
