// The page of one recording: plays what a shell showed, as fast as one likes, from wherever one likes.
import { clock, fetchCast, placeAt, sizeOf, timeline } from "./cast.js";
import { makeTerminal } from "./xterm.js";

const LONGEST_PAUSE = 1.5;
const STEP = 5;
const SPEEDS = [0.5, 1, 2, 4, 8];
// Text that is handed to the terminal at once, so that the page stays awake while it winds on.
const CHUNK = 256 * 1024;

class Replay {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.place = 0;
    this.moment = 0;
    this.playing = false;
    this.busy = Promise.resolve();
    this.waiting = false;
    this.wound = 0;
  }

  async load() {
    try {
      this.cast = await fetchCast(this.root.dataset.cast, (count) => this.say(`Loading … ${count} lines`));
    } catch (error) {
      this.say(error.message === "empty" ? "Nothing was recorded yet." : "The recording could not be fetched. Reload the page to try again.");
      this.part("start").hidden = true;
      return;
    }
    const { width, height } = this.cast.header;
    const xterm = { cols: width, rows: height, disableStdin: true, scrollback: 0, cursorBlink: false, fontSize: this.fontFor(width, height), theme: { background: "#0c1116" }, fontFamily: getComputedStyle(this.root).getPropertyValue("--mono"), screenReaderMode: true };
    // A link in a recording leads nowhere: a machine wrote it, and nobody vouches for it.
    ({ terminal: this.terminal } = await makeTerminal(this.part("screen"), { xterm }, () => {}));
    this.arm();
    this.retime();
    this.say(this.cast.entries.length ? "" : "Nothing was shown while it was recorded.");
    if (this.cast.entries.length) await this.goTo(Math.min(0.5, this.length));
  }

  // As large as the page has room for, with the buttons below still in sight.
  fontFor(cols, rows) {
    const wide = (this.part("screen").clientWidth - 16) / cols / 0.605;
    const high = Math.max(window.innerHeight - 260, 240) / rows / 1.2;
    return Math.max(4, Math.min(16, wide, high));
  }

  retime() {
    const at = this.place ? this.cast.entries[this.place - 1].when : 0;
    this.times = timeline(this.cast.entries, this.part("idle").checked ? LONGEST_PAUSE : Infinity);
    this.length = this.times.at(-1) || 0;
    this.part("seek").max = String(this.length);
    this.part("length").textContent = clock(this.length);
    this.moment = at && this.place ? this.times[this.place - 1] : 0;
    this.draw();
  }

  arm() {
    for (const name of ["toggle", "seek"]) this.part(name).disabled = false;
    this.root.addEventListener("click", (event) => {
      if (event.target.closest("[data-do]")) this.toggle();
    });
    this.part("seek").addEventListener("input", () => { this.part("start").hidden = true; this.goTo(Number(this.part("seek").value)); });
    this.part("speed").addEventListener("change", () => { this.last = 0; });
    this.part("idle").addEventListener("change", () => this.retime());
    this.root.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => { this.terminal.options.fontSize = this.fontFor(this.terminal.cols, this.terminal.rows); }).observe(this.part("screen").parentElement);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, input[type=checkbox]")) return;
    const on = { " ": () => this.toggle(), ArrowLeft: () => this.goTo(this.moment - STEP), ArrowRight: () => this.goTo(this.moment + STEP), Home: () => this.goTo(0), End: () => this.goTo(this.length), "<": () => this.faster(-1), ">": () => this.faster(1) }[event.key];
    const tenth = /^[0-9]$/.test(event.key) ? () => this.goTo((this.length * Number(event.key)) / 10) : null;
    if (event.key === " " && event.target.closest("button")) return;
    if (!on && !tenth) return;
    event.preventDefault();
    this.part("start").hidden = true;
    (on || tenth)();
  }

  faster(by) {
    const speed = this.part("speed");
    const next = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(Number(speed.value)) + by))];
    speed.value = String(next);
  }

  toggle() {
    if (this.playing) return this.pause();
    if (this.moment >= this.length) this.goTo(0);
    this.playing = true;
    this.last = 0;
    this.show();
    return requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    this.show();
  }

  // A tab that was hidden goes on where it was: no frame counts for more than a moment.
  async tick(now) {
    if (!this.playing) return;
    const passed = this.last ? Math.min(now - this.last, 250) / 1000 : 0;
    this.last = now;
    if (!this.waiting) await this.goTo(this.moment + passed * Number(this.part("speed").value));
    if (this.moment >= this.length) this.pause();
    else requestAnimationFrame((next) => this.tick(next));
  }

  // Back means from the beginning: what a terminal shows is all that was written to it.
  goTo(moment) {
    this.moment = Math.max(0, Math.min(moment, this.length));
    this.draw();
    const wound = ++this.wound;
    this.waiting = true;
    this.busy = this.busy.then(() => this.wind(wound)).finally(() => { if (wound === this.wound) this.waiting = false; });
    return this.busy;
  }

  async wind(wound) {
    if (wound !== this.wound) return;
    const target = placeAt(this.times, this.moment);
    if (target < this.place) {
      this.terminal.reset();
      this.terminal.resize(this.cast.header.width, this.cast.header.height);
      this.place = 0;
    }
    while (this.place < target && wound === this.wound) await this.write(target);
  }

  // The next piece up to `target`: output as long as a chunk, or one change of size.
  async write(target) {
    let text = "";
    while (this.place < target && text.length < CHUNK) {
      const entry = this.cast.entries[this.place];
      if (entry.what === "r" && text) break;
      this.place += 1;
      if (entry.what === "o") text += entry.text;
      else if (entry.what === "r") this.resize(entry.text);
    }
    if (text) await new Promise((written) => { this.terminal.write(text, written); });
  }

  resize(text) {
    const size = sizeOf(text);
    if (!size) return;
    this.terminal.resize(size.cols, size.rows);
    this.terminal.options.fontSize = this.fontFor(size.cols, size.rows);
  }

  draw() {
    this.part("time").textContent = clock(this.moment);
    const seek = this.part("seek");
    seek.value = String(this.moment);
    seek.setAttribute("aria-valuetext", `${clock(this.moment)} of ${clock(this.length)}`);
  }

  show() {
    this.part("start").hidden = true;
    this.part("icon-play").hidden = this.playing;
    this.part("icon-pause").hidden = !this.playing;
    this.part("toggle").setAttribute("aria-label", this.playing ? "Pause" : "Play");
    this.root.dataset.playing = this.playing ? "1" : "";
  }

  say(words) {
    const box = this.part("words");
    box.textContent = words;
    box.hidden = !words;
  }
}

const root = document.getElementById("player");
if (root) {
  const replay = new Replay(root);
  replay.load();
}
