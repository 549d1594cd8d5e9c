// Frames of an episode, drawn by its environment, above what the agent saw. Without frames there is only the latter.

const MOST_READY = 60; // decoded frames that are kept

export class FilmView {
  constructor(canvas, signals) {
    this.canvas = canvas;
    this.signals = signals;
    this.forget();
  }

  set colours(colours) {
    this.signals.colours = colours;
  }

  forget() {
    this.film = this.loading = null;
    this.ready = new Map();
    this.canvas.hidden = true;
  }

  // The frames at this address: a line of JSON (steps, sizes in bytes, rate), then one PNG after the other. How many steps a
  // second they are shown at.
  async load(url) {
    const loading = (this.loading = {});
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`The frames could not be read (${answer.status}).`);
    const data = await answer.arrayBuffer();
    const end = new Uint8Array(data).indexOf(10);
    const { steps, sizes, rate } = JSON.parse(new TextDecoder().decode(data.slice(0, end)));
    let first = end + 1;
    const frames = sizes.map((size) => new Blob([data.slice(first, (first += size))], { type: "image/png" }));
    if (loading !== this.loading) return rate; // another agent is shown by now
    this.forget();
    this.film = { steps, frames };
    return rate;
  }

  show(way, at) {
    this.at = at;
    this.signals.show(way, at);
    if (this.film) this.frame(this.place(at));
  }

  draw() {
    this.signals.draw();
  }

  // The newest frame that was drawn before or at this step.
  place(at) {
    const { steps } = this.film;
    let low = 0, high = steps.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (steps[middle] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  async frame(place) {
    const { film } = this;
    if (!this.ready.has(place)) {
      if (this.ready.size >= MOST_READY) this.ready.delete(this.ready.keys().next().value);
      this.ready.set(place, createImageBitmap(film.frames[place]));
    }
    const picture = await this.ready.get(place);
    if (film !== this.film || this.place(this.at) !== place) return; // another one is shown by now
    this.canvas.hidden = false;
    if (this.canvas.width !== picture.width) this.canvas.width = picture.width;
    if (this.canvas.height !== picture.height) this.canvas.height = picture.height;
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
  }
}
