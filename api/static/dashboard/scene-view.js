// The bodies of an environment, drawn from its observations: a cart with poles, hinged rods, a car in a
// valley. The scene of an episode names the inputs that hold their coordinates
// (`processing/core/environments/scenes.py`).

import { penOf } from "./canvas.js";
import { palette } from "./palette.js";
import { seenIn } from "./signal-view.js";

const HEIGHT = 260; // pixels

export class SceneView {
  constructor(canvas) {
    Object.assign(this, { canvas, colours: palette(), way: null, at: 0 });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  // `way`: scene, and what is observed, as for `seenIn`.
  show(way, at) {
    Object.assign(this, { way, at });
    this.canvas.hidden = !way.scene;
    this.draw();
  }

  draw() {
    if (!this.way?.scene || !seenIn(this.way).length) return;
    this.canvas.style.height = `${HEIGHT}px`;
    const found = penOf(this.canvas);
    if (!found) return;
    const { pen, width, height } = found;
    Object.assign(pen, { lineCap: "round", lineJoin: "round" });
    DRAWN[this.way.scene.type](pen, { ...this, scene: this.way.scene, seen: this.seen(), width, height });
  }

  // The observation at this time; between two steps it is interpolated linearly.
  seen() {
    const seen = seenIn(this.way), last = seen.length - 1;
    const place = Math.min(this.at / this.way.stride, last);
    const step = Math.floor(place), part = place - step;
    const [before, after] = [seen[step], seen[Math.min(step + 1, last)]];
    return before.map((value, input) => value + (after[input] - value) * part);
  }
}

function line(pen, colour, thickness, ...points) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: thickness });
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
}

function dot(pen, colour, [x, y], radius) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}

function cart(pen, { scene, seen, colours, width, height }) {
  const metre = width / (2 * scene.track + 1), ground = height * 0.8, high = 26, wide = 54;
  const tall = Math.min((ground - high - 16) / Math.max(...scene.poles.map((pole) => pole.length)), metre);
  const [index, factor] = scene.position;
  const x = width / 2 + seen[index] * factor * metre;
  line(pen, colours.line, 2, [0, ground], [width, ground]);
  for (const side of [-1, 1]) {
    const end = width / 2 + side * scene.track * metre;
    line(pen, colours.danger, 3, [end, ground - 10], [end, ground + 10]);
  }
  pen.fillStyle = colours.accent;
  pen.fillRect(x - wide / 2, ground - high, wide, high - 6);
  for (const side of [-1, 1]) dot(pen, colours.ink, [x + (side * wide) / 3, ground - 6], 6);
  scene.poles.forEach(({ angle: [place, scale], length }, pole) => {
    const angle = seen[place] * scale, foot = [x, ground - high];
    const tip = [x + Math.sin(angle) * length * tall, ground - high - Math.cos(angle) * length * tall];
    line(pen, pole ? colours.danger : colours["gold-fill"], 9 - 3 * pole, foot, tip);
  });
  dot(pen, colours.surface, [x, ground - high], 3);
}

function links(pen, { scene, seen, colours, width, height }) {
  const reach = scene.cosines.length, unit = Math.min(width, height) / (2 * reach + 0.5);
  const middle = [width / 2, height / 2];
  if (scene.goal !== null) {
    pen.setLineDash([4, 6]);
    line(pen, colours["gold-fill"], 2, [0, middle[1] - scene.goal * unit], [width, middle[1] - scene.goal * unit]);
    pen.setLineDash([]);
  }
  const joints = [middle];
  let turn = scene.hangs ? -Math.PI / 2 : Math.PI / 2; // counter-clockwise from the right
  scene.cosines.forEach((cosine, rod) => {
    turn += Math.atan2(seen[scene.sines[rod]], seen[cosine]);
    const [x, y] = joints[rod];
    joints.push([x + Math.cos(turn) * unit, y - Math.sin(turn) * unit]);
  });
  line(pen, colours.accent, 10, ...joints);
  joints.forEach((joint, number) => dot(pen, number ? colours["gold-fill"] : colours.ink, joint, 6));
}

function hill(pen, { scene, seen, colours, width, height }) {
  const across = (x) => ((x - scene.low) / (scene.high - scene.low)) * (width - 40) + 20;
  const up = (x) => height * 0.5 - Math.sin(3 * x) * height * 0.34;
  const road = Array.from({ length: 101 }, (_, part) => scene.low + ((scene.high - scene.low) * part) / 100);
  line(pen, colours.muted, 3, ...road.map((x) => [across(x), up(x)]));
  const flag = [across(scene.goal), up(scene.goal)];
  line(pen, colours.ink, 2, flag, [flag[0], flag[1] - 34]);
  pen.fillStyle = colours["gold-fill"];
  pen.fillRect(flag[0], flag[1] - 34, 20, 12);
  const x = seen[scene.position];
  const slope = Math.atan2(up(x + 0.01) - up(x - 0.01), across(x + 0.01) - across(x - 0.01));
  pen.save();
  pen.translate(across(x), up(x));
  pen.rotate(slope);
  pen.fillStyle = colours.accent;
  pen.fillRect(-20, -22, 40, 14);
  for (const side of [-1, 1]) dot(pen, colours.ink, [side * 11, -7], 6);
  pen.restore();
}

const DRAWN = { cart, links, hill };
