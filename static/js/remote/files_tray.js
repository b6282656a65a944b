// The list of uploads at the foot of the page.
import { clone, part } from "./markup.js";
import { sizeWords, timeWords } from "./files_words.js";

// As many are drawn; the others are counted.
const DRAWN = 60;
const ORDER = { asking: 0, failed: 1, resting: 2, running: 3, paused: 4, waiting: 5, done: 6, skipped: 7, cancelled: 8 };
const WORDS = { waiting: "waits for its turn", done: "uploaded", skipped: "skipped: it was there already", cancelled: "cancelled", paused: "paused", asking: "waits for your answer" };

export class Tray {
  constructor(queue) {
    this.queue = queue;
    this.element = document.getElementById("files-tray");
    this.items = new Map();
    this.due = 0;
    this.folded = false;
    queue.addEventListener("change", () => this.later());
    this.element.addEventListener("click", (event) => this.clicked(event));
    setInterval(() => { if (queue.active.length) this.later(); }, 1000);
  }

  part(name) { return part(this.element, name); }

  later() {
    if (this.due) return;
    this.due = setTimeout(() => { this.due = 0; this.draw(); }, 150);
  }

  draw() {
    const { uploads } = this.queue;
    this.element.hidden = uploads.length === 0;
    if (uploads.length === 0) { this.items.clear(); this.part("tray-list").replaceChildren(); return; }
    this.head();
    const shown = [...uploads].sort((one, other) => ORDER[one.state] - ORDER[other.state]).slice(0, DRAWN);
    const kept = new Set(shown);
    this.items.forEach((item, upload) => { if (!kept.has(upload)) { item.remove(); this.items.delete(upload); } });
    shown.forEach((upload) => {
      if (!this.items.has(upload)) this.items.set(upload, this.item(upload));
      this.fill(this.items.get(upload), upload);
    });
    this.place(shown);
    const further = uploads.length - shown.length;
    this.part("tray-more").hidden = further === 0;
    this.part("tray-more").textContent = `and ${further} more`;
  }

  // Only what changed its place is moved, so that what has the focus keeps it.
  place(shown) {
    const list = this.part("tray-list");
    shown.forEach((upload, at) => {
      const item = this.items.get(upload);
      if (list.children[at] !== item && !item.contains(document.activeElement)) list.insertBefore(item, list.children[at] || null);
      else if (!item.isConnected) list.append(item);
    });
  }

  head() {
    const { size, done, count, finished, rate } = this.queue.sum();
    const failed = this.queue.uploads.filter((one) => one.state === "failed").length;
    const going = this.queue.active.length > 0;
    const open = this.queue.unfinished.length;
    this.part("tray-title").textContent = open ? `Uploading ${finished} of ${count}` : `${finished} uploaded`;
    this.part("tray-bar").value = size ? done / size : Number(open === 0);
    const left = going && rate > 0 ? `, ${sizeWords(rate)}/s, ${timeWords((size - done) / rate)}` : "";
    this.part("tray-line").textContent = `${sizeWords(done)} of ${sizeWords(size)}${left}${failed ? `, ${failed} failed` : ""}`;
    const button = (name) => this.element.querySelector(`[data-do="${name}"]`);
    button("pause-all").hidden = !this.queue.uploads.some((one) => ["running", "resting", "waiting"].includes(one.state));
    button("resume-all").hidden = !this.queue.uploads.some((one) => ["paused", "failed"].includes(one.state));
    button("cancel-all").hidden = open === 0;
    button("tray-close").hidden = open > 0;
  }

  item(upload) {
    const item = clone("files-upload");
    part(item, "where").textContent = upload.folderShown;
    item.querySelectorAll("button .visually-hidden").forEach((one) => { one.textContent += upload.relative; });
    item.addEventListener("click", (event) => {
      const act = event.target.closest("[data-act]")?.dataset.act;
      if (act === "pause") upload.pause();
      if (act === "resume") this.queue.resume(upload);
      if (act === "cancel") upload.cancel();
      if (act) this.draw();
    });
    return item;
  }

  fill(item, upload) {
    const button = (name) => item.querySelector(`[data-act="${name}"]`);
    item.dataset.state = upload.state;
    part(item, "name").textContent = upload.relative;
    part(item, "bar").value = upload.size ? (upload.state === "done" ? 1 : upload.progress / upload.size) : Number(upload.state === "done");
    part(item, "bar").setAttribute("aria-label", upload.relative);
    part(item, "line").textContent = lineOf(upload);
    const words = upload.problem && ["failed", "resting", "paused"].includes(upload.state) ? wordsOf(upload) : "";
    part(item, "problem").hidden = !words;
    part(item, "problem").textContent = words;
    button("pause").hidden = !["running", "resting", "waiting"].includes(upload.state);
    button("resume").hidden = !["paused", "failed"].includes(upload.state);
    part(item, "resume-word").textContent = upload.state === "failed" ? "Try again" : "Resume";
    button("cancel").hidden = !upload.unfinished;
  }

  clicked(event) {
    const act = event.target.closest("[data-do]")?.dataset.do;
    if (act === "pause-all") this.queue.pauseAll();
    if (act === "resume-all") this.queue.resumeAll();
    if (act === "cancel-all") this.queue.cancelAll();
    if (act === "tray-close") this.queue.clear();
    if (act === "tray-fold") {
      this.folded = !this.folded;
      this.element.classList.toggle("is-folded", this.folded);
      event.target.closest("button").setAttribute("aria-expanded", String(!this.folded));
    }
    if (act) this.draw();
  }
}

function lineOf(upload) {
  if (upload.state === "done") return `${sizeWords(upload.size)}, uploaded`;
  if (upload.state === "running") return `${sizeWords(upload.progress)} of ${sizeWords(upload.size)}`;
  if (upload.state === "resting") return `${sizeWords(upload.have)} of ${sizeWords(upload.size)}, goes on as soon as it can`;
  if (upload.state === "failed") return `stopped at ${sizeWords(upload.have)} of ${sizeWords(upload.size)}`;
  return WORDS[upload.state] || "";
}

function wordsOf({ problem, state }) {
  const words = [problem.title, problem.what, state === "failed" ? problem.todo : ""].filter(Boolean);
  return words.map((one) => (/[.!?]$/.test(one) ? one : `${one}.`)).join(" ");
}
