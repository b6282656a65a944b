// A desktop's WebSocket: asking for a ticket, opening, coming back after a loss. What it learns it tells by `hear(name, detail)`.
import { post } from "./post.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 20000;
const TICK_MS = 2000;
const QUIET_MS = 20000;
const ANSWER_MS = 8000;
const SLEPT_MS = 30000;
// Over for good, unless the reason says otherwise; any other code: come back.
const FINAL = new Set([1000, 4401, 4403, 4429]);
const FALLBACK = { 4401: "You signed out of the portal.", 4403: "You may not connect to this machine any more.", 4429: "Too much was open at once, or too much was sent." };

export class DesktopSession {
  // `openUrl`: where tickets are asked for; `endedUrl(session)`: how a session ended.
  constructor({ openUrl, endedUrl, joining, hear }) {
    Object.assign(this, { openUrl, endedUrl, joining, hear, session: "", socket: null, screen: null, over: false, tries: 0, timer: 0, due: 0, attempt: 0, asked: 0, restart: false });
    this.tick = Date.now();
    setInterval(() => this.watch(), TICK_MS);
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
  }

  async connect({ restart = false } = {}) {
    clearTimeout(this.timer);
    this.attempt += 1;
    const { attempt } = this;
    Object.assign(this, { due: 0, over: false, restart: restart || this.restart });
    this.drop();
    this.hear("stage", { words: this.restart ? "Starting the desktop again" : "Asking the portal for the desktop" });
    const fields = this.joining ? {} : { kind: "desktop", resume: this.session };
    const answer = await post(this.openUrl, fields);
    if (attempt !== this.attempt) return;
    const { problem } = answer.data;
    if (answer.ok && answer.data.ticket) this.dial(answer.data);
    // What cannot be taken up again is asked for anew, once.
    else if (problem && this.session && !this.joining) { this.session = ""; this.connect(); }
    else if (problem && answer.status < 500) this.problem(problem, answer.wait);
    else if (problem && answer.status !== 502) this.problem(problem, answer.wait || problem.retry_after);
    else this.later(answer.status ? "The portal is busy or being updated." : "The portal does not answer.");
  }

  dial({ session, path, ticket, subprotocols, mode = "own" }) {
    this.session = session;
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.restart) url.searchParams.set("restart", "1");
    const socket = new WebSocket(url.href, subprotocols || ["heliosphere", `ticket.${ticket}`]);
    Object.assign(this, { socket, asked: 0, restart: false });
    socket.addEventListener("close", (event) => { if (this.socket === socket) this.closed(event.code, event.reason); });
    this.hear("socket", { socket, mode, session });
  }

  // The screen is drawn: the line is good, and is listened to from now on.
  live(screen) {
    Object.assign(this, { screen, tries: 0 });
  }

  async closed(code, reason) {
    const { session } = this;
    const known = reason && FINAL.has(code);
    this.drop();
    if (!FINAL.has(code)) return this.later(reason === "desktop-ended" ? "The desktop was left or started again." : "The connection was lost.");
    this.over = true;
    const told = known ? await this.told(session) : {};
    if (told.problem) { this.session = ""; return this.problem(told.problem, told.problem.retry_after); }
    return this.hear("end", { reason, words: told.words || FALLBACK[code] || "The desktop was closed." });
  }

  async told(session) {
    try {
      const answer = await fetch(this.endedUrl(session), { headers: { Accept: "application/json" }, credentials: "same-origin" });
      return answer.ok ? await answer.json() : {};
    } catch {
      return {};
    }
  }

  problem(problem, wait = 0) {
    this.over = true;
    if (wait) this.schedule(wait * 1000);
    this.hear("problem", { problem, due: wait ? this.due : 0 });
  }

  later(words) {
    const wait = Math.min(FIRST_WAIT * 2 ** this.tries, LONGEST_WAIT) * (0.7 + Math.random() * 0.6);
    this.tries += 1;
    this.schedule(wait);
    this.hear("down", { words, due: this.due });
  }

  schedule(wait) {
    clearTimeout(this.timer);
    this.due = Date.now() + wait;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  // For good, by the person.
  leave() {
    clearTimeout(this.timer);
    this.attempt += 1;
    Object.assign(this, { over: true, due: 0 });
    this.drop();
  }

  drop() {
    const { socket } = this;
    Object.assign(this, { socket: null, screen: null, asked: 0 });
    socket?.close();
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  // A laptop that slept has a socket that looks open. Silence after a question means that it is dead.
  watch() {
    const now = Date.now();
    const slept = now - this.tick > SLEPT_MS;
    this.tick = now;
    if (slept) return this.hurry();
    if (!this.isOpen() || !this.screen) return undefined;
    if (this.screen.heard > this.asked) this.asked = 0;
    if (this.asked && now - this.asked > ANSWER_MS) {
      this.drop();
      return this.later("The connection was lost.");
    }
    if (!this.asked && now - this.screen.heard > QUIET_MS) this.ask();
    return undefined;
  }

  ask() {
    this.asked = Date.now();
    this.screen.probe();
  }

  hurry() {
    if (this.isOpen() && this.screen && !this.asked) this.ask();
    else if (this.due && !this.socket) this.connect();
  }
}
