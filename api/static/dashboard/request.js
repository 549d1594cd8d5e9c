// Episodes that workers replay: the choice of an episode, the request to replay it, and the state of that
// request.

const POLL_MILLISECONDS = 1000;

// Whether another request would change nothing.
const isDone = ({ state, film, undrawn }, way) => state === "DONE" && Boolean(film || undrawn || !way);

export class ReplayRequest {
  // `root` holds select[name=episode], a form, [role=status] and a link to the GIF; `chosen` is called with
  // the episode that was selected, `asked` when a replay is requested, `done` when a worker has finished it.
  constructor(root, { chosen, asked, done }) {
    Object.assign(this, { root, asked, done });
    this.select = root.querySelector("select");
    this.form = root.querySelector("form");
    this.line = root.querySelector("[role=status]");
    this.gif = root.querySelector("a");
    this.select.addEventListener("change", () => chosen(Number(this.select.value)));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.ask(); });
  }

  show({ generation, index, episode, episodes = 1, replay = null, way }) {
    clearTimeout(this.waiting);
    this.address = { generation, index, episode };
    for (const [name, value] of Object.entries(this.address)) this.form.elements[name].value = value;
    if (this.select.length !== episodes) {
      this.select.replaceChildren(...Array.from({ length: episodes }, (_, number) => new Option(`episode ${number}`, number)));
    }
    this.select.value = episode;
    this.select.parentElement.hidden = episodes < 2;
    this.root.hidden = episodes < 2 && !replay;
    this.gif.hidden = !replay?.gif;
    this.gif.href = replay?.gif ?? "";
    this.message = replay?.undrawn ?? "";
    const isAsked = ["WAITING", "RUNNING"].includes(replay?.state);
    this.form.hidden = !replay || isAsked || !this.form.dataset.allowed || isDone(replay, way);
    this.form.querySelector("button").textContent = way ? "Draw this episode" : "Watch this episode";
    this.say(replay ?? {});
    if (isAsked) this.poll();
  }

  say({ message }) {
    this.line.textContent = [message, this.message].filter(Boolean).join(" ");
  }

  async ask() {
    const { address } = this;
    this.form.hidden = true;
    this.asked();
    try {
      const response = await fetch(this.form.action, {
        method: "POST", body: new FormData(this.form), headers: { Accept: "application/json" },
      });
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(answer.errors?.[0]?.message ?? `The server answered ${response.status}.`);
      if (address === this.address) this.received(answer);
    } catch (error) {
      if (address !== this.address) return; // another agent has been chosen meanwhile
      this.say(error);
      this.form.hidden = false;
    }
  }

  poll() {
    const { address } = this;
    this.waiting = setTimeout(async () => {
      const asked = fetch(`${this.form.action}?${new URLSearchParams(address)}`, { headers: { Accept: "application/json" } });
      const response = await asked.catch(() => null); // a server that does not answer is asked again
      const answer = response?.ok ? await response.json() : { state: "WAITING" };
      if (address !== this.address) return;
      if (response && !response.ok && response.status < 500) this.say({ message: `The server answered ${response.status}.` });
      else this.received(answer);
    }, POLL_MILLISECONDS);
  }

  received(answer) {
    if (answer.message) this.say(answer);
    if (["WAITING", "RUNNING"].includes(answer.state)) return this.poll();
    return this.done();
  }
}
