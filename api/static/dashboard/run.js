// The page of one run. htmx polls #live once a second; this script fetches the data that the poll reports as
// new.

import { Descent } from "./descent.js";
import { FilmView } from "./film-view.js";
import { FitnessChart, spell } from "./fitness-chart.js";
import { MazeView } from "./maze-view.js";
import { SceneView } from "./scene-view.js";
import { SignalView } from "./signal-view.js";
import { SpeciesChart } from "./species-chart.js";
import { NetworkView } from "./network-view.js";
import { Replay } from "./replay.js";
import { ReplayRequest } from "./request.js";
import { TableView } from "./table-view.js";
import { onSchemeChange, palette } from "./palette.js";

const MOST_POINTS = 1500;
const SPECIES_MILLISECONDS = 5000;
const $ = (id) => document.getElementById(id);
const page = $("run").dataset;
const rows = JSON.parse($("maze-rows").textContent);

const hasSteps = page.stage !== "curves"; // what was done can be shown step by step
const views = { map: MazeView, table: TableView, signals: SignalView };
const scene = hasSteps ? new SceneView($("scene")) : null;
const view = hasSteps ? new views[page.stage]($("ground-plan"), rows) : null;
const ground = page.stage === "signals" ? new FilmView($("film"), view) : view;
const stage = { show: (way, at) => { scene.show(way, at); ground.show(way, at); } };
const network = new NetworkView($("network"));
const replay = hasSteps ? new Replay($("player"), stage, network, { ended: () => update(), touched: () => setFollowing(false) }) : null;
const request = new ReplayRequest($("request"), {
  chosen: (number) => { episode = number; setFollowing(false); again(); },
  asked: () => setFollowing(false), done: () => again(),
});
const species = page.species ? new SpeciesChart($("species-card"), (generation) => choose(generation)) : null;
const descent = new Descent($("descent"), (name) => { setFollowing(false); showAgent(name, true); });
const chart = new FitnessChart($("fitness"), (generation) => choose(generation));
onSchemeChange(() => { for (const view of hasSteps ? [scene, ground] : []) { view.colours = palette(); view.draw(); } });

let follows = true; // show each new champion of the run; a replay that is playing ends first
let fetchingStatistics = false;
let speciesAsked = -Infinity, speciesShown = 0; // time of the last request, generations in the chart
let wanted = null; // the latest request for an agent
let episode = 0; // the episode that is shown of every agent

async function fetched(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    const { errors } = await answer.json().catch(() => ({}));
    throw new Error(errors?.[0]?.message ?? `The server answered ${answer.status}.`);
  }
  return answer.json();
}

const live = () => $("live").dataset;

async function update() {
  const { next, champion, silence } = live();
  $("generation").max = Math.max(Number(next) - 1, 0);
  $("nothing-yet").textContent = silence;
  $("nothing-yet").hidden = !silence;
  if (follows && champion && !replay?.playing) showAgent(champion, true);
  updateSpecies();
  if (fetchingStatistics || chart.next >= Number(next)) return;
  fetchingStatistics = true;
  try {
    const start = chart.generations.length > MOST_POINTS ? 0 : chart.next;
    const columns = await fetched(`${page.statistics}?from=${start}`);
    if (start === 0) chart.clear();
    chart.add(columns);
  } finally {
    fetchingStatistics = false;
  }
  if (chart.next < Number(live().next)) update();
}

// Every request reads all generations of the chart, so requests are at least SPECIES_MILLISECONDS apart.
async function updateSpecies() {
  const next = Number(live().next), wait = speciesAsked + SPECIES_MILLISECONDS - performance.now();
  clearTimeout(updateSpecies.waiting);
  if (!species || speciesShown >= next) return;
  if (wait > 0) {
    updateSpecies.waiting = setTimeout(updateSpecies, wait);
    return;
  }
  speciesAsked = performance.now();
  species.show(await fetched(page.species));
  speciesShown = next;
}

function choose(generation) {
  setFollowing(false);
  $("generation").value = generation;
  sayGeneration(generation);
  clearTimeout(choose.waiting);
  choose.waiting = setTimeout(() => showAgent(String(generation), true), 140);
}

// Fetches the agent that is shown again.
function again() {
  const [name] = wanted.split(" ");
  wanted = null;
  showAgent(name, true);
}

// `name`: "generation-index", or "generation" for its champion.
async function showAgent(name, autoplay) {
  const asked = `${name} ${episode}`;
  if (asked === wanted) return;
  wanted = asked;
  const [generation, index] = name.split("-");
  const agentAsked = index === undefined ? "" : `&index=${index}`;
  try {
    const agent = await fetched(`${page.agent}?generation=${generation}${agentAsked}&episode=${episode}`);
    if (wanted === asked) await present(agent, autoplay);
  } catch (error) {
    if (wanted !== asked) return;
    $("agent-trouble").textContent = error.message;
    $("agent-trouble").hidden = false;
  }
}

async function present(agent, autoplay) {
  replay?.unload(); // the next agent has another network, and perhaps no trajectory
  for (const part of ["fitness-line", "which", "stage", "beside", "born"]) $(part).hidden = false;
  if (hasSteps) $("player").hidden = !agent.way && !rows;
  else $("no-steps").textContent = agent.silence;
  $("chosen-key").hidden = !Number.isInteger(agent.way?.actions[0]); // only discrete actions choose an output
  $("agent-trouble").hidden = true;
  $("agent-name").textContent = agent.name;
  $("agent-fitness").textContent = spell(agent.fitness);
  $("agent-title").textContent = agent.is_best ? "The champion" : agent.is_champion ? "Champion of its generation" : "An agent";
  $("generation").value = agent.generation;
  sayGeneration(agent.generation);
  chart.choose(agent.generation);
  network.show(agent.network, agent.units);
  offer(agent.exports);
  sayOrigin(agent);
  request.show(agent);
  sayDescent(agent);
  const shown = wanted;
  ground?.forget?.();
  if (agent.replay?.film && agent.way) agent.way.rate = await film(agent.replay.film);
  if (agent.way && wanted === shown) replay.load(agent.way, { autoplay });
}

// Loads the frames and returns their rate; undefined, with a message on the page, where they cannot be read.
async function film(address) {
  try {
    return await ground.load(address);
  } catch (error) {
    $("agent-trouble").textContent = error.message;
    $("agent-trouble").hidden = false;
    return undefined;
  }
}

async function sayDescent({ generation, index }) {
  const found = await fetched(`${page.line}?generation=${generation}&index=${index}`);
  const [name] = wanted.split(" ");
  if (name === String(generation) || name === `${generation}-${index}`) descent.show(found);
}

function offer(exports) {
  $("exports").hidden = !Object.keys(exports).length;
  for (const link of $("exports").querySelectorAll("a")) {
    link.hidden = !(link.dataset.format in exports);
    link.href = exports[link.dataset.format] ?? "";
  }
}

function sayGeneration(generation) {
  $("generation-shown").textContent = generation;
}

function sayOrigin({ origin, parents, way, silence }) {
  const line = $("born");
  line.textContent = `It is ${origin}`;
  parents.forEach((parent, place) => {
    line.append(place ? " and " : ": ");
    const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: parent.name });
    button.addEventListener("click", () => { setFollowing(false); showAgent(`${parent.generation}-${parent.index}`, true); });
    line.append(button);
  });
  line.append(".");
  if (!way && hasSteps) line.append(` ${silence}`);
}

function setFollowing(value) {
  follows = value;
  $("follow").setAttribute("aria-pressed", String(value));
}

document.addEventListener("choose-agent", ({ detail: name }) => {
  setFollowing(false);
  showAgent(name, true);
  $("champion").scrollIntoView({ block: "start" });
});
$("generation").addEventListener("input", (event) => choose(Number(event.target.value)));
$("follow").addEventListener("click", () => {
  setFollowing(!follows);
  if (follows && live().champion) showAgent(live().champion, true);
});
let acted = false; // a button of the head was pressed: the button that replaces it gets the focus
document.addEventListener("submit", (event) => { acted = Boolean(event.target.closest("#head")); });
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "live") update();
  if (acted && event.target.id === "head") {
    acted = false;
    ($("head").querySelector("button") ?? $("content")).focus();
  }
});
update();
