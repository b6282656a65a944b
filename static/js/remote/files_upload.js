// One file on its way to the machine, in pieces of at most 1 MiB, several of them on the wire at once.
// What is there counts: after anything that went wrong it asks how far the machine has it, and goes on from there.
import { problemOf } from "./files_session.js";
import { escapeName, markOf, numbered, randomText } from "./files_words.js";

const AT_ONCE = 3;
// Seconds between tries while nothing gets through; then the person is asked.
const PAUSES = [1, 2, 4, 8, 15, 30, 30, 30, 30, 30];
const CONFLICTS = new Set(["remote:file-exists", "remote:file-changed", "remote:is-folder", "remote:not-regular"]);
const PASSING = new Set(["remote:lost", "remote:timeout", "remote:silent", "remote:refused", "portal:unavailable", "remote:too-many-transfers"]);

export class Upload {
  // `hooks`: changed(upload), piece() -> done (a place on the wire), conflict(upload, there) -> {do, number}
  constructor({ file, relative, folder, folderShown, session, piece, hooks }) {
    Object.assign(this, { file, relative, folder, folderShown, session, piece, hooks });
    this.state = "waiting";
    this.sent = 0;
    this.have = 0;
    this.replaces = "";
    this.problem = null;
    this.attempt = randomText();
    this.number = 1;
    this.running = new Map();
    this.run = 0;
  }

  get size() { return this.file.size; }
  get progress() { return Math.min(this.size, this.have + Array.from(this.running.values()).reduce((sum, one) => sum + one.loaded, 0)); }
  get unfinished() { return !["done", "cancelled", "skipped"].includes(this.state); }

  params(more = {}) {
    return {
      folder: this.folder, name: this.relative.split("/").map(escapeName).join("/"), upload: markOf(this.file),
      total: this.size, replaces: this.replaces, attempt: this.attempt, ...more,
    };
  }

  set(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.hooks.changed(this);
  }

  pause() { this.stop(); if (this.unfinished) this.set("paused"); }

  stop() {
    this.run += 1;
    this.running.forEach(({ request }) => request.abort());
    this.running.clear();
  }

  async cancel() {
    this.stop();
    this.set("cancelled");
    if (this.size > this.piece || this.have > 0) await this.session.post("discard", this.params());
  }

  // Until it is done, or somebody has to say something.
  async start() {
    this.stop();
    const run = this.run;
    this.set("running");
    for (let tries = 0; run === this.run; ) {
      const before = this.have;
      const problem = await this.pass(run);
      if (run !== this.run) return;
      if (!problem) { this.have = this.size; this.set("done"); return; }
      if (CONFLICTS.has(problem.id)) {
        if (!await this.settle(run)) return;
        continue;
      }
      tries = this.have > before ? 0 : tries + 1;
      if (!this.passes(problem) || tries > PAUSES.length) { this.set("failed", problem); return; }
      await this.rest(run, PAUSES[tries - 1] || 0, problem);
    }
  }

  passes(problem) {
    return problem.passing || PASSING.has(problem.id) || problem.id === "remote:upload-gap";
  }

  async rest(run, seconds, problem) {
    if (problem.id === "remote:upload-gap") return;
    this.set("resting", problem);
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * Math.max(seconds, problem.retry_after || 0));
      window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
    if (run === this.run) this.set("running");
  }

  // One go at all that is missing. Gives what stood in the way.
  async pass(run) {
    if (this.size > this.piece || this.have > 0) {
      const answer = await this.session.once("standing", this.params());
      if (!answer.ok) return answer.status === 0 || answer.status >= 502 ? { ...answer.problem, passing: true } : answer.problem;
      const { have, there } = JSON.parse(answer.text);
      this.have = have;
      if (there && there.tag !== this.replaces) { this.there = there; return { id: "remote:file-exists" }; }
      this.hooks.changed(this);
    }
    return this.send(run);
  }

  send(run) {
    return new Promise((resolve) => {
      // All may be there and only its name be missing: the last piece is sent once more.
      let next = this.have >= this.size ? Math.max(0, this.size - this.piece) : this.have;
      let open = 0;
      let over = false;
      const end = (problem) => {
        if (over) return;
        over = true;
        if (run === this.run) { this.running.forEach(({ request }) => request.abort()); this.running.clear(); }
        resolve(problem);
      };
      const more = () => {
        while (!over && run === this.run && open < AT_ONCE && (next < this.size || (this.size === 0 && open === 0 && next === 0))) {
          const offset = next;
          next = this.size === 0 ? 1 : Math.min(this.size, next + this.piece);
          open += 1;
          this.one(run, offset).then((answer) => {
            open -= 1;
            if (run !== this.run) { end(null); return; }
            if (answer.problem) { end(answer.problem); return; }
            this.have = Math.max(this.have, answer.data.have);
            this.hooks.changed(this);
            if (answer.data.done) { end(null); return; }
            more();
            if (open === 0) end({ id: "remote:upload-gap" });
          });
        }
      };
      more();
    });
  }

  async one(run, offset) {
    const leave = await this.hooks.piece();
    try {
      if (run !== this.run) return { data: { have: 0 } };
      return await this.put(offset, this.file.slice(offset, Math.min(this.size, offset + this.piece)));
    } finally {
      leave();
    }
  }

  put(offset, body) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const entry = { request, loaded: 0 };
      this.running.set(offset, entry);
      const finish = (answer) => { if (this.running.get(offset) === entry) this.running.delete(offset); resolve(answer); };
      request.open("PUT", this.session.url("content", this.params({ offset })));
      request.setRequestHeader("X-CSRFToken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => { entry.loaded = event.loaded; this.hooks.changed(this); });
      request.addEventListener("load", () => {
        if (request.status === 200) { finish({ data: request.response || { have: 0 } }); return; }
        const problem = problemOf(request.status, request.response);
        finish({ problem: request.status >= 502 && request.status <= 504 ? { ...problem, passing: true } : problem });
      });
      request.addEventListener("abort", () => finish({ problem: { id: "", passing: true } }));
      request.addEventListener("error", async () => finish({ problem: await unreadable(body) || { ...problemOf(0), passing: true } }));
      request.send(body);
    });
  }

  // Something of that name is there: the person says what becomes of it, once for all if they like.
  async settle(run) {
    if (!this.there) {
      const answer = await this.session.once("standing", this.params());
      this.there = answer.ok ? JSON.parse(answer.text).there : null;
    }
    const { there } = this;
    this.there = null;
    if (run !== this.run) return false;
    if (!there) return true;
    this.set("asking");
    const { choice, again } = this.number > 1 ? { choice: "both", again: true } : await this.hooks.conflict(this, there);
    if (run !== this.run) return false;
    if (choice === "replace") this.replaces = there.tag;
    else if (choice === "both") {
      this.number += 1;
      this.original ||= this.relative;
      this.relative = numbered(this.original, this.number);
      this.have = 0;
    } else { this.set(choice === "skip" ? "skipped" : "paused", again || null); return false; }
    this.set("running");
    return true;
  }
}

async function unreadable(body) {
  try {
    await body.slice(0, 1).arrayBuffer();
    return null;
  } catch {
    return { id: "", title: "The file cannot be read", what: "It was changed, moved or deleted on your computer, or your system does not let the browser read it.", means: "", todo: "Choose it again.", repairs: [] };
  }
}
