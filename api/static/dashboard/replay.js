// The replay of one episode: play and pause, a slider over its steps, and a line that describes the step.

import { isCalm } from "./palette.js";
import { spell } from "./fitness-chart.js";
import { seenIn } from "./signal-view.js";

const MOVES = ["↖ up left", "↑ up", "↗ up right", "← left", "stays", "→ right", "↙ down left", "↓ down", "↘ down right"];
const SECONDS = 7; // duration of a replay at normal speed, within the limits of the rate

export class Replay {
  // `root` holds .play, input[name=step], select[name=speed] and .now; `ended` is called when an episode has
  // been played to its end, `touched` when the user pauses it or moves to a step.
  constructor(root, stage, network, { ended, touched }) {
    Object.assign(this, { root, stage, network, ended, way: null, at: 0, playing: false });
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

  // Disables the controls until the next trajectory is loaded.
  unload() {
    this.pause();
    this.way = null;
    this.slider.disabled = this.button.disabled = true;
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
    const rate = (this.way.rate ?? Math.min(Math.max(length / SECONDS, 3), 40)) * Number(this.speed.value);
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
    const rest = this.way.targets ? 0.5 : 0; // rows of a table are discrete: nothing moves between them
    this.stage.show(this.way, Math.max((isCalm() ? step : at) - rest, 0));
    if (!changed) return;
    this.slider.value = step;
    this.slider.setAttribute("aria-valuetext", `${this.way.targets ? "row" : "step"} ${step} of ${this.way.actions.length}`);
    this.line.textContent = this.words(step);
    const shown = this.way.targets ? Math.max(step - 1, 0) : Math.min(step, this.way.actions.length - 1);
    this.network.light(this.way.activity[Math.floor(shown / this.way.stride)], this.way.actions[shown]);
  }

  // Describes an action: a move in a maze, the chosen output, or the value of each output.
  deed(action) {
    if (this.way.positions.length) return MOVES[action];
    const { outputs } = this.way;
    if (!Array.isArray(action)) return outputs[action] ?? `action ${action}`;
    return action.map((value, place) => `${outputs[place] ?? place} ${spell(value)}`).join(", ");
  }

  // Describes a row of a table: its input, the answer and the target.
  answered(row) {
    const { actions, stride, targets } = this.way;
    if (row === 0) return `A table of ${actions.length} rows; each is answered by itself.`;
    const seen = stride === 1 ? ` is ${several(seenIn(this.way)[row - 1])}` : "";
    return `Row ${row} of ${actions.length}${seen}: it answers ${several(actions[row - 1])} and should answer ${several(targets[row - 1])}.`;
  }

  // Describes the step that is drawn: the action under way, whose output is highlighted in the network.
  words(step) {
    const { actions, rewards, total, ending, targets } = this.way;
    if (targets) return this.answered(step);
    const earned = rewards.slice(0, step).reduce((sum, reward) => sum + reward, 0);
    const at = Math.min(step, actions.length - 1), reward = rewards[at];
    const deed = `${this.deed(actions[at])}, reward ${reward > 0 ? "+" : ""}${spell(reward)}`;
    const of = ending === "cut" ? `the first ${actions.length}` : actions.length;
    if (step < actions.length) return `Step ${step + 1} of ${of}: ${deed}; return so far ${spell(earned)}.`;
    return `After ${actions.length} steps: return ${spell(total)}. ${ENDINGS[ending]} The last: ${deed}.`;
  }
}

const MOST_NUMBERS = 6;
const several = (values) => values.slice(0, MOST_NUMBERS).map(spell).join(", ") + (values.length > MOST_NUMBERS ? ", …" : "");

const ENDINGS = {
  failed: "It failed there.",
  collected: "It collected the last goal.",
  bumped: "It hit an obstacle or the edge, which ends the episode.",
  terminated: "The environment ended the episode.",
  truncated: "The step limit ended the episode.",
  cut: "The episode went on; its first steps are shown.",
};
