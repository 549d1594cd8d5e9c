// The frames of an episode, rendered by its environment, above the observations of the agent.

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

  // Loads the frames at this address: a line of JSON (steps, sizes in bytes, rate), then the PNGs one after
  // the other. Returns the rate, in steps per second.
  async load(url) {
    const loading = (this.loading = {});
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`The frames could not be read (${answer.status}).`);
    const data = await answer.arrayBuffer();
    const end = new Uint8Array(data).indexOf(10);
    const { steps, sizes, rate } = JSON.parse(new TextDecoder().decode(data.slice(0, end)));
    let first = end + 1;
    const frames = sizes.map((size) => new Blob([data.slice(first, (first += size))], { type: "image/png" }));
    if (loading !== this.loading) return rate; // another agent has been chosen meanwhile
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

  // The index of the last frame rendered at or before this step.
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
    if (film !== this.film || this.place(this.at) !== place) return; // another frame is due meanwhile
    this.canvas.hidden = false;
    if (this.canvas.width !== picture.width) this.canvas.width = picture.width;
    if (this.canvas.height !== picture.height) this.canvas.height = picture.height;
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
  }
}
