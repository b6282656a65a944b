// All uploads of the page: which run, which wait, and how fast it goes.
import { Upload } from "./files_upload.js";

// Browsers open six connections to one site; two stay free for everything else.
const PIECES = 4;
const FILES = 4;
const WINDOW_MS = 8000;

export class Queue extends EventTarget {
  constructor({ session, piece, conflict }) {
    super();
    Object.assign(this, { session, piece, conflict });
    this.uploads = [];
    this.pieces = 0;
    this.turns = [];
    this.rates = [];
    this.asking = Promise.resolve();
    this.forAll = "";
  }

  add(found, folder, folderShown) {
    const made = found.files.map(({ file, relative }) => new Upload({
      file, relative, folder, folderShown, session: this.session, piece: this.piece,
      hooks: { changed: (upload) => this.changed(upload), piece: () => this.place(), conflict: (...given) => this.ask(...given) },
    }));
    this.uploads.push(...made);
    this.next();
    this.tell();
    return made;
  }

  get active() { return this.uploads.filter((one) => ["running", "resting", "asking"].includes(one.state)); }
  get unfinished() { return this.uploads.filter((one) => one.unfinished); }

  next() {
    const room = FILES - this.active.length;
    this.uploads.filter((one) => one.state === "waiting").slice(0, Math.max(0, room)).forEach((one) => { one.start(); });
    if (this.unfinished.length === 0) this.forAll = "";
  }

  changed(upload) {
    const finished = !["running", "resting", "asking", "waiting"].includes(upload.state);
    if (finished) this.next();
    if (upload.state === "done") this.dispatchEvent(new CustomEvent("done", { detail: upload }));
    if (upload.state === "failed" && this.session.isOver(upload.problem)) this.dispatchEvent(new CustomEvent("over", { detail: upload.problem }));
    this.tell(upload);
  }

  tell(upload = null) { this.dispatchEvent(new CustomEvent("change", { detail: upload })); }

  // A place on the wire; what comes back gives it up.
  async place() {
    if (this.pieces >= PIECES) await new Promise((resolve) => { this.turns.push(resolve); });
    this.pieces += 1;
    return () => { this.pieces -= 1; this.turns.shift()?.(); };
  }

  // One question at a time; an answer for all holds until nothing is left to do.
  ask(upload, there) {
    const answer = this.asking.then(async () => {
      const folder = there.kind === "folder";
      if (this.forAll && !(folder && this.forAll === "replace")) return { choice: this.forAll };
      const { choice, all } = await this.conflict(upload, there, this.unfinished.length - 1);
      if (all) this.forAll = choice;
      return { choice };
    });
    this.asking = answer.catch(() => {});
    return answer;
  }

  pauseAll() { this.uploads.filter((one) => ["running", "resting", "waiting"].includes(one.state)).forEach((one) => one.pause()); }
  resumeAll() { this.uploads.filter((one) => ["paused", "failed"].includes(one.state)).forEach((one) => { one.state = "waiting"; one.problem = null; }); this.next(); this.tell(); }
  resume(upload) { upload.start(); }
  cancelAll() { this.unfinished.forEach((one) => { one.cancel(); }); }
  clear() { this.uploads = this.unfinished; this.tell(); }

  sum() {
    const counted = this.uploads.filter((one) => !["cancelled", "skipped"].includes(one.state));
    const size = counted.reduce((sum, one) => sum + one.size, 0);
    const done = counted.reduce((sum, one) => sum + (one.state === "done" ? one.size : one.progress), 0);
    return { size, done, count: counted.length, finished: counted.filter((one) => one.state === "done").length, rate: this.rate(done) };
  }

  // Bytes a second over the last seconds.
  rate(done) {
    const now = performance.now();
    this.rates.push([now, done]);
    while (this.rates.length > 2 && now - this.rates[0][0] > WINDOW_MS) this.rates.shift();
    const [since, before] = this.rates[0];
    return now - since > 500 ? Math.max(0, 1000 * (done - before) / (now - since)) : 0;
  }
}
