// One life, played: play and pause, a slider over its steps, and a line that says what happens.

import { isCalm } from "./palette.js";
import { spell } from "./fitness-chart.js";

const MOVES = ["↖ up left", "↑ up", "↗ up right", "← left", "stays", "→ right", "↙ down left", "↓ down", "↘ down right"];
const SECONDS = 7; // a life of average length, at normal speed

export class Replay {
  // `root` holds .play, input[name=step], select[name=speed] and .now; `ended` is called when a life has been played to its
  // end, `touched` when the reader stops it or moves to a step.
  constructor(root, maze, network, { ended, touched }) {
    Object.assign(this, { root, maze, network, ended, way: null, at: 0, playing: false });
    this.button = root.querySelector(".play");
    this.slider = root.querySelector("[name=step]");
    this.speed = root.querySelector("[name=speed]");
    this.line = root.querySelector(".now");
    this.button.addEventListener("click", () => {
      if (!this.playing) return this.play();
      touched();
      return this.pause();
    });
    this.slider.addEventListener("input", () => { touched(); this.pause(); this.go(Number(this.slider.value)); });
  }

  load(way, { autoplay }) {
    this.pause();
    this.way = way;
    this.slider.max = way.actions.length;
    this.slider.disabled = this.button.disabled = false;
    this.go(autoplay && !isCalm() ? 0 : way.actions.length);
    if (autoplay && !isCalm()) this.play();
  }

  play() {
    if (!this.way) return;
    if (this.at >= this.way.actions.length) this.go(0);
    this.playing = true;
    this.button.setAttribute("aria-label", "Pause");
    this.line.setAttribute("aria-live", "off");
    this.last = performance.now();
    requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    this.button.setAttribute("aria-label", "Play");
    this.line.setAttribute("aria-live", "polite");
  }

  tick(now) {
    if (!this.playing) return;
    const length = this.way.actions.length;
    const rate = Math.min(Math.max(length / SECONDS, 3), 40) * Number(this.speed.value);
    this.go(Math.min(this.at + (Math.max(now - this.last, 0) / 1000) * rate, length));
    this.last = Math.max(now, this.last);
    if (this.at < length) return requestAnimationFrame((next) => this.tick(next));
    this.pause();
    return this.ended();
  }

  go(at) {
    const step = Math.floor(at);
    const changed = step !== Math.floor(this.at) || at === 0 || !this.playing;
    this.at = at;
    this.maze.show(this.way, isCalm() ? step : at);
    if (!changed) return;
    this.slider.value = step;
    this.slider.setAttribute("aria-valuetext", `step ${step} of ${this.way.actions.length}`);
    this.line.textContent = this.words(step);
    const layers = this.way.activity?.[Math.min(step, this.way.actions.length - 1)];
    this.network.light(layers, this.way.actions[Math.min(step, this.way.actions.length - 1)]);
  }

  // What an action is: a move on a map, one of the outputs, or what each output says.
  deed(action) {
    if (this.way.positions.length) return MOVES[action];
    const { outputs } = this.way;
    if (!Array.isArray(action)) return outputs[action] ?? `action ${action}`;
    return action.map((value, place) => `${outputs[place] ?? place} ${spell(value)}`).join(", ");
  }

  words(step) {
    const { actions, rewards, total, ending } = this.way;
    const earned = rewards.slice(0, step).reduce((sum, reward) => sum + reward, 0);
    const head = `Step ${step} of ${actions.length}`;
    if (step === 0) return `${head}: at the start.`;
    const reward = rewards[step - 1];
    const gain = `reward ${reward > 0 ? "+" : ""}${spell(reward)}, return ${spell(step === actions.length ? total : earned)}`;
    return `${head}: ${this.deed(actions[step - 1])}, ${gain}.${step === actions.length ? ` ${ENDINGS[ending]}` : ""}`;
  }
}

const ENDINGS = {
  collected: "It collected the last goal.",
  bumped: "It hit an obstacle or the edge, which ends the episode.",
  terminated: "The environment ended the episode.",
  truncated: "The step limit ended the episode.",
};
