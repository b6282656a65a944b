// One shell over a WebSocket: asking for a ticket, starting, acknowledging what was drawn, and coming back after a loss.
// Everything it learns it tells by `hear(name, detail)`.
import { post } from "./post.js";

const ACK_BYTES = 32 * 1024;
const ACK_IDLE_MS = 60;
const CHUNK = 16 * 1024;
const MOST_BUFFERED = 256 * 1024;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 20000;
const TICK_MS = 2000;
const PING_MS = 20000;
const ANSWER_MS = 6000;
const SLEPT_MS = 30000;
// What a close means that no word came before; any other code: come back.
const FINAL = {
  1000: { reason: "closed", words: "The shell was closed.", again: false },
  4401: { reason: "signed-out", words: "You signed out of the portal.", again: false },
  4403: { reason: "no-access", words: "You may not connect to this machine any more.", again: false },
  4429: { reason: "too-many", words: "Too much was open at once, or too much was sent.", again: false },
};
// Refusals that stay as long as one asks for the same session.
const OVER = ["remote:resume", "remote:over", "portal:not-found"];
const LOST = "The connection to the portal was lost.";

export class ShellSession {
  // `openUrl()`: where a ticket is asked for; `size()`: { cols, rows } as they are now; `keep()`: who keeps a new shell.
  constructor({ openUrl, size, keep, hear, login = "" }) {
    Object.assign(this, { openUrl, size, keep, hear, login, session: "", secret: {} });
    // `live`: the shell is there; `over`: nothing more comes by itself; `gone`: this page has let go of it.
    Object.assign(this, { socket: null, live: false, over: false, gone: false, attempt: 0, tries: 0, timer: 0, due: 0 });
    Object.assign(this, { heard: 0, asked: 0, pongs: false, tick: Date.now(), queue: [] });
    this.forget();
    this.leaving = new AbortController();
    this.ticker = setInterval(() => this.watch(), TICK_MS);
    window.addEventListener("online", () => this.hurry(), { signal: this.leaving.signal });
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); }, { signal: this.leaving.signal });
  }

  // Bytes are counted from the start of the session: `seen` came, `drawn` are on the screen, `acked` the server knows of.
  forget(offset = 0) {
    clearTimeout(this.ackTimer);
    Object.assign(this, { seen: offset, drawn: offset, acked: offset, skip: 0, replay: 0, ackTimer: 0, epoch: (this.epoch || 0) + 1 });
  }

  // Another session than before, "" for a new one: nothing of it was seen yet, and it begins on a clean screen.
  become(session) {
    Object.assign(this, { session, tries: 0, fresh: true });
    this.forget();
  }

  start(session) {
    this.become(session);
    return this.connect();
  }

  async connect() {
    clearTimeout(this.timer);
    Object.assign(this, { due: 0, over: false });
    this.attempt += 1;
    const attempt = this.attempt;
    this.drop();
    this.hear("stage", { stage: "asking", words: this.session ? "Coming back to the shell" : "Asking the portal for a shell" });
    const answer = await post(this.openUrl(), { kind: "shell", resume: this.session, login: this.login });
    if (this.gone || attempt !== this.attempt) return;
    if (answer.ok && answer.data.ticket) this.dial(answer.data);
    else if (answer.data.problem && answer.status < 500) this.problem({ ...answer.data.problem, asked: true }, answer.wait || answer.data.problem.retry_after || 0);
    else this.later(answer.status ? "The portal is busy or being updated." : "The portal does not answer.", answer.wait * 1000);
  }

  dial({ session, path, ticket, subprotocols }) {
    if (this.session !== session) {
      this.session = session;
      this.hear("session", { session });
    }
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url.href, subprotocols || ["heliosphere", `ticket.${ticket}`]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    const mine = (act) => (event) => { if (this.socket === socket) act(event); };
    socket.addEventListener("open", mine(() => this.say({ t: "start", ...this.size(), have: this.seen, keep: this.keep(), ...this.secret })));
    socket.addEventListener("message", mine((event) => this.receive(event.data)));
    socket.addEventListener("close", mine((event) => this.closed(event.code)));
    Object.assign(this, { heard: Date.now(), asked: 0 });
  }

  isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  say(message) {
    if (this.isOpen()) this.socket.send(JSON.stringify(message));
  }

  receive(data) {
    Object.assign(this, { heard: Date.now(), asked: 0 });
    if (typeof data !== "string") return this.output(new Uint8Array(data));
    let message;
    try { message = JSON.parse(data); } catch { return undefined; }
    const { t: name, ...detail } = message;
    if (name === "pong") { this.pongs = true; return undefined; }
    if (name === "open") return this.opened(detail);
    if (name === "problem") return this.problem(detail, detail.retry_after || 0);
    if (name === "end") return this.over ? undefined : this.ended(detail);
    return this.hear(name, detail);
  }

  opened(detail) {
    const reset = detail.reset || this.fresh || detail.offset > this.seen;
    // So many bytes that follow were printed before this page came.
    if (reset) this.forget(detail.offset);
    else this.skip = this.seen - detail.offset;
    Object.assign(this, { tries: 0, live: true, fresh: false, replay: detail.replay || 0 });
    this.hear("open", { ...detail, reset });
  }

  output(bytes) {
    const past = this.replay > 0;
    this.replay -= bytes.length;
    const known = Math.min(this.skip, bytes.length);
    this.skip -= known;
    const fresh = known ? bytes.subarray(known) : bytes;
    if (!fresh.length) return;
    this.seen += fresh.length;
    const { epoch } = this;
    this.hear("bytes", { bytes: fresh, past, drawn: () => { if (epoch === this.epoch) this.acknowledge(fresh.length); } });
  }

  acknowledge(length) {
    this.drawn += length;
    if (this.drawn - this.acked >= ACK_BYTES) this.ack();
    else if (!this.ackTimer) this.ackTimer = setTimeout(() => this.ack(), ACK_IDLE_MS);
  }

  ack() {
    clearTimeout(this.ackTimer);
    this.ackTimer = 0;
    if (!this.isOpen() || this.acked === this.drawn) return;
    this.acked = this.drawn;
    this.say({ t: "ack", n: this.drawn });
  }

  problem(detail, wait) {
    this.settle();
    if (OVER.includes(detail.id)) this.become("");
    this.hear("problem", { ...detail, wait });
    if (wait) this.schedule(wait * 1000);
  }

  // What ends for good is told; what the server says may come again is taken up again without being asked.
  ended(detail) {
    if (detail.again) {
      this.drop();
      this.later(detail.words, 0);
    } else {
      this.settle();
      this.hear("end", detail);
    }
  }

  closed(code) {
    const wasLive = this.live;
    this.drop();
    if (this.over || this.gone) return undefined;
    if (FINAL[code]) return this.ended(FINAL[code]);
    if (code === 4409 && this.tries === 0) { this.tries = 1; return this.connect(); }
    return this.later(wasLive ? LOST : "The portal did not let the connection through.", 0);
  }

  later(words, least) {
    const wait = Math.min(FIRST_WAIT * 2 ** this.tries, LONGEST_WAIT);
    this.tries += 1;
    this.schedule(Math.max(least, wait * (0.7 + Math.random() * 0.6)));
    this.hear("down", { words, due: this.due, tries: this.tries });
  }

  schedule(wait) {
    clearTimeout(this.timer);
    this.due = Date.now() + wait;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  settle() {
    Object.assign(this, { over: true, live: false });
    clearTimeout(this.timer);
  }

  drop() {
    const { socket } = this;
    clearTimeout(this.ackTimer);
    Object.assign(this, { socket: null, live: false, queue: [], ackTimer: 0, asked: 0 });
    socket?.close();
  }

  // False: there is no shell that would take it.
  send(bytes) {
    if (!this.live || !this.isOpen()) return false;
    for (let at = 0; at < bytes.length; at += CHUNK) this.queue.push(bytes.subarray(at, at + CHUNK));
    this.flush();
    return true;
  }

  // A long paste waits here, not in the browser's memory of the socket.
  flush() {
    while (this.queue.length && this.isOpen() && this.socket.bufferedAmount < MOST_BUFFERED) this.socket.send(this.queue.shift());
    if (this.queue.length && this.isOpen()) setTimeout(() => this.flush(), 30);
  }

  resized() {
    if (this.live) this.say({ t: "size", ...this.size() });
  }

  // What opens the machine is kept in this page's memory, to come back with, and nowhere else.
  answer({ login = "", ...secret }) {
    this.secret = secret;
    if (login) this.login = login;
    if (this.isOpen()) this.say({ t: "secret", ...secret, login: this.login });
    else this.connect();
  }

  // A laptop that slept has a socket that looks open. Silence after a question means that it is dead.
  probe() {
    if (!this.isOpen() || this.asked) return;
    this.asked = Date.now();
    this.say({ t: "ping" });
  }

  watch() {
    const now = Date.now();
    const slept = now - this.tick > SLEPT_MS;
    this.tick = now;
    if (slept) return this.hurry();
    if (this.isOpen() && this.asked && this.pongs && now - this.asked > ANSWER_MS) {
      this.drop();
      return this.later(LOST, 0);
    }
    if (this.live && now - this.heard > PING_MS) this.probe();
    return undefined;
  }

  hurry() {
    if (this.gone) return;
    if (this.isOpen()) this.probe();
    else if (this.due && !this.over) this.connect();
  }

  leave() {
    this.gone = true;
    this.secret = {};
    this.settle();
    this.leaving.abort();
    clearInterval(this.ticker);
    this.drop();
  }
}
