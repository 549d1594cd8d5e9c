// The observations of an episode, for environments without a map: a line for each input, and the step of the
// replay.

import { palette } from "./palette.js";

const MOST_LINES = 24;
const MOST_LABEL = 0.42; // fraction of the width
const BAND = 70, LEAST_HEIGHT = 180, MOST_HEIGHT = 540; // heights of one line and of all, in pixels

// The observations of every `stride`-th step.
export const seenIn = (way) => way.seen ?? way.activity.map((columns) => columns[0]);

export class SignalView {
  constructor(canvas) {
    this.canvas = canvas;
    this.colours = palette();
    this.way = null;
    this.at = 0;
  }

  // `way`: inputs (their names), rewards, activity (of every `stride`-th step, the inputs first), and seen
  // (observations to show instead of those inputs, where the network's inputs are normalised, or there is no
  // activity).
  show(way, at) {
    this.way = way;
    this.at = at;
    this.draw();
  }

  draw() {
    const signals = this.signals();
    const lines = signals.length, length = signals[0]?.values.length ?? 0;
    this.canvas.style.height = `${Math.min(Math.max(lines * BAND, LEAST_HEIGHT), MOST_HEIGHT)}px`;
    const ratio = window.devicePixelRatio || 1;
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    Object.assign(this.canvas, { width: width * ratio, height: height * ratio });
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    if (!length) return;
    const band = height / lines;
    pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const widest = Math.max(...signals.map(({ label }) => pen.measureText(label).width));
    this.label = Math.min(widest + 24, width * MOST_LABEL);
    signals.forEach((signal, place) => this.line(pen, signal, place, band, width));
    const x = this.label + ((width - this.label - 6) * Math.min(this.at / this.way.stride, length)) / length;
    pen.strokeStyle = this.colours["gold-fill"];
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    pen.stroke();
  }

  // The signals to draw: the reward where it changes, and the first inputs.
  signals() {
    if (!this.way) return [];
    const { rewards, stride, inputs, targets } = this.way, seen = seenIn(this.way);
    const earned = rewards.filter((_, step) => step % stride === 0);
    const found = !targets && earned.some((reward) => reward !== earned[0]) ? [{ label: "reward", values: earned }] : [];
    for (let input = 0; input < (seen[0]?.length ?? 0) && found.length < MOST_LINES; input += 1) {
      found.push({ label: inputs[input] ?? `input ${input}`, values: seen.map((row) => row[input]) });
    }
    return found;
  }

  line(pen, { label, values }, place, band, width) {
    const low = Math.min(...values), span = Math.max(...values) - low;
    const middle = band * (place + 0.5), tall = band * 0.72;
    pen.fillStyle = this.colours.muted;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText(label, this.label - 12, middle, this.label - 14);
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
