// A shell as people see it: the terminal, its buttons, and what stands over it while there is none. For a page and the dock.
import { makeTerminal } from "./xterm.js";
import { ShellSession } from "./socket.js";
import { Search } from "./search.js";
import { KeyBar } from "./keybar.js";
import { Panels } from "./panels.js";
import { Presence } from "./presence.js";
import { palette } from "./palettes.js";
import { onPrefs, prefer, prefs } from "./prefs.js";
import { copy, paste, pasteFromClipboard } from "./paste.js";
import { confirm } from "./confirm.js";
import { address, clone, part, plain } from "./markup.js";
import { post } from "./post.js";
import { onKeys } from "./shortcuts.js";
import { download, followLink, fullScreen, shortcuts } from "./tools.js";

const FIT_MS = 80;
const BELL_MS = 350;
const LEAST_FONT = 6;
const STALE = ["remote:resume", "portal:not-found"];
// What a terminal answers to a machine's questions: who it is, where the cursor stands, which colours it has.
const REPORT = /^\x1b(?:\[[?>=]?[\d;]*(?:[cnRtu]|\$y)|[\]P_][^]*(?:\x07|\x1b\\))$/;
const encoder = new TextEncoder();

export class ShellTerminal {
  // `tell(name, detail)`: session, state, title, bell, closed, popped. `dock`: it is one of several beside a page;
  // `guest`: it is somebody else's, and `open` is where one asks to be let in.
  constructor(host, { instance, name, open = "", dock = false, guest = false, tell = () => {} }) {
    Object.assign(this, { instance, name, dock, guest, tell, mode: "own", leaving: new AbortController(), title: "", state: "starting", past: 0 });
    this.element = clone("terminal-markup");
    this.element.setAttribute("aria-label", `Shell on ${name}`);
    this.bar = this.element.querySelector(".term-bar");
    host.append(this.element);
    this.session = new ShellSession({
      openUrl: () => open || address("open", instance), size: () => this.size(), keep: () => (prefs().tmux ? "auto" : "portal"), hear: (what, detail) => this.hear(what, detail),
    });
    this.panels = new Panels(this);
    this.presence = new Presence(this);
    if (guest) this.asGuest();
  }

  asGuest() {
    const button = this.bar.querySelector('[data-do="end"]');
    button.title = "Leave";
    button.setAttribute("aria-label", "Leave");
  }

  part(name) { return part(this.element, name) || part(this.bar, name); }

  // The focus comes to it once it is there, unless it has gone elsewhere meanwhile.
  wantFocus() {
    this.waiting = document.activeElement;
    this.focus();
  }

  takeFocus() {
    const at = document.activeElement;
    if (!at || at === document.body || at === this.waiting || this.element.contains(at)) this.focus();
    this.waiting = null;
  }

  async start(session = "") {
    this.panels.stage("Loading the terminal");
    const wanted = prefs();
    const options = {
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono").trim() || "monospace",
      fontSize: wanted.fontSize, scrollback: wanted.scrollback, screenReaderMode: wanted.screenReader, theme: palette(wanted.palette),
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches, minimumContrastRatio: 4.5, macOptionIsMeta: true,
      rightClickSelectsWord: false, scrollOnUserInput: true, overviewRuler: { width: 10 },
    };
    const { terminal, fit, search } = await makeTerminal(this.part("screen"), { xterm: options }, followLink);
    if (this.leaving.signal.aborted) { terminal.dispose(); return; }
    Object.assign(this, { terminal, fit, search: new Search(this.element, search, terminal) });
    this.keys = new KeyBar(this.part("keys"), this.terminal, (text) => this.type(text));
    this.attach();
    this.prefer(wanted);
    this.cameFor = session;
    await this.session.start(session);
  }

  attach() {
    const { terminal } = this;
    terminal.onData((text) => this.answered(text) || this.type(this.keys.applied(text)));
    terminal.onBinary((text) => this.send(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
    terminal.onTitleChange((title) => { this.title = plain(title); this.tell("title", { title: this.title }); });
    terminal.onBell(() => this.bell());
    terminal.onResize(() => { if (this.mode === "own") this.session.resized(); });
    terminal.attachCustomKeyEventHandler((event) => onKeys(event, this));
    terminal.textarea.setAttribute("aria-label", `Shell on ${this.name}. Control F6 leaves it.`);
    const { signal } = this.leaving;
    this.part("screen").addEventListener("paste", (event) => this.pasted(event), { capture: true, signal });
    this.part("screen").addEventListener("pointerup", () => this.picked(), { signal });
    onPrefs((wanted) => this.prefer(wanted), signal);
    [this.element, this.bar].forEach((root) => {
      root.addEventListener("click", (event) => this.clicked(event), { signal });
      root.addEventListener("input", (event) => this.chosen(event.target), { signal });
    });
    this.observer = new ResizeObserver(() => this.refit());
    this.observer.observe(this.part("screen"));
  }

  size() { return { cols: this.terminal.cols, rows: this.terminal.rows }; }

  refit() {
    clearTimeout(this.fitting);
    this.fitting = setTimeout(() => { if (this.part("screen").offsetHeight) this.fitNow(); }, FIT_MS);
  }

  // A shell of one's own takes the room that there is; somebody else's keeps its size and is made to fit.
  fitNow() {
    const { terminal } = this;
    terminal.options.fontSize = prefs().fontSize;
    const room = this.fit.proposeDimensions();
    if (!room || Number.isNaN(room.cols)) return;
    if (this.mode === "own" || !this.theirs) { this.fit.fit(); return; }
    const scale = Math.min(1, room.cols / this.theirs.cols, room.rows / this.theirs.rows);
    terminal.options.fontSize = Math.max(LEAST_FONT, Math.floor(prefs().fontSize * scale));
    terminal.resize(this.theirs.cols, this.theirs.rows);
  }

  prefer(wanted) {
    Object.assign(this.terminal.options, { scrollback: wanted.scrollback, screenReaderMode: wanted.screenReader, theme: palette(wanted.palette) });
    this.element.dataset.palette = wanted.palette;
    this.element.style.setProperty("--term-ground", this.terminal.options.theme.background);
    this.part("keys").hidden = !wanted.keyBar;
    this.part("size-shown").textContent = wanted.fontSize;
    this.bar.querySelectorAll("[data-pref]").forEach((field) => {
      if (field.type === "checkbox") field.checked = wanted[field.dataset.pref];
      else field.value = wanted[field.dataset.pref];
    });
    this.fitNow();
  }

  chosen(field) {
    const name = field.dataset.pref;
    if (!name) return;
    const value = field.type === "checkbox" ? field.checked : field.value;
    prefer({ [name]: name === "fontSize" || name === "scrollback" ? Number(value) : value });
  }

  zoom(step) { prefer({ fontSize: step ? prefs().fontSize + step : 14 }); }

  // Questions of the past were answered then; answered again, they would stand in the shell as if typed.
  answered(text) { return this.past > 0 && REPORT.test(text); }

  write({ bytes, past, drawn }) {
    this.past += past ? 1 : 0;
    this.terminal.write(bytes, () => { this.past -= past ? 1 : 0; drawn(); });
  }

  type(text) { this.send(encoder.encode(text)); }

  send(bytes) {
    if (this.mode === "view") return;
    if (!this.session.send(bytes) && this.state === "down") this.say("Not connected: what you type is not sent.");
  }

  pasted(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.mode !== "view") paste(this.terminal, event.clipboardData?.getData("text/plain") || "");
  }

  picked() {
    const text = this.terminal.getSelection();
    if (text && prefs().copyOnSelect) copy(text, true);
  }

  bell() {
    this.element.classList.add("term-rings");
    setTimeout(() => this.element.classList.remove("term-rings"), BELL_MS);
    this.tell("bell", {});
  }

  // Said to screen readers, and seen by nobody.
  say(words) {
    const box = this.part("said");
    if (box.textContent !== words) box.textContent = words;
  }

  hear(what, detail) {
    if (what === "bytes") this.write(detail);
    else if (what === "session") this.tell("session", detail);
    else if (what === "open") this.opened(detail);
    else if (what === "size") this.resized(detail);
    else if (what === "mode") { this.becomeMode(detail.mode); this.presence.watch(); }
    else if (what === "problem" && this.isStale(detail)) this.startOver();
    else if (["who", "recording"].includes(what)) this.presence.hear(what, detail);
    else this.panels.hear(what, detail);
  }

  // The page came back for a session that is over, and has shown nothing of it: nobody is helped by a refusal.
  isStale({ id, asked }) { return Boolean(asked && this.cameFor && !this.panels.drawn && STALE.includes(id)); }

  startOver() {
    this.cameFor = "";
    this.panels.notice({ words: "The shell that was here has ended; this is a new one." });
    this.session.start("");
  }

  opened(detail) {
    if (detail.reset) this.terminal.reset();
    this.becomeMode(detail.mode || "own");
    this.panels.opened(detail);
    this.presence.opened(detail);
    if (this.mode === "own") this.session.resized();
    this.takeFocus();
  }

  // own, type or view; the owner may change it while one is there.
  becomeMode(mode) {
    this.mode = mode;
    this.terminal.options.disableStdin = mode === "view";
    if (mode === "own") this.theirs = null;
    this.fitNow();
  }

  copySelection() { copy(this.terminal.getSelection()); }

  resized({ cols, rows }) {
    if (!(cols > 0 && rows > 0)) return;
    this.theirs = { cols: Math.min(cols, 1000), rows: Math.min(rows, 500) };
    this.fitNow();
  }

  become(state) {
    this.state = state;
    this.tell("state", { state });
  }

  clicked(event) {
    // The bar hears for itself: it is here on a page, and elsewhere in the dock.
    if (event.currentTarget === this.element && this.bar.contains(event.target)) return;
    const act = event.target.closest("[data-do]")?.dataset.do;
    const acts = {
      search: () => this.search.open(), unsearch: () => this.search.close(), previous: () => this.search.previous(),
      paste: () => this.mode !== "view" && pasteFromClipboard(this.terminal).then(() => this.focus()),
      copy: () => copy(this.terminal.getSelection()).then(() => this.focus()),
      clear: () => { this.terminal.clear(); this.focus(); },
      download: () => download(this.terminal, this.name),
      shortcuts: () => shortcuts(),
      full: () => fullScreen(this.element, this.bar),
      share: () => this.share(),
      pop: () => this.pop(),
      end: () => this.end(),
      retry: () => this.session.connect(),
      resume: () => this.session.connect(),
      anew: () => this.anew(),
      look: () => { this.panels.clear(); this.focus(); },
      unnotice: () => { this.part("notice").hidden = true; },
    };
    acts[act]?.();
  }

  // A new shell in the same place; what the old one printed is cleared away when it opens.
  anew() {
    this.panels.drawn = false;
    this.terminal.reset();
    this.session.start("");
  }

  share() {
    const url = address("share", this.session.session);
    if (url) window.htmx?.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
    // Who closes it goes on typing in the shell, not on the button.
    document.getElementById("dialog").addEventListener("close", () => this.focus(), { once: true });
  }

  pop() {
    const url = `${address("page", this.instance)}?session=${encodeURIComponent(this.session.session)}`;
    window.open(url, "_blank", "noopener");
    this.tell("popped", {});
  }

  // A shell that runs is ended only when its person says so twice.
  async end() {
    if (this.session.live && !this.guest) {
      const answer = await confirm({
        title: `End the shell on ${this.name}?`, words: "What runs in it is stopped. The machine itself goes on.",
        buttons: [["", "Cancel"], ["end", "End the shell", "btn-danger"]],
      });
      if (answer !== "end") return;
    }
    if (this.session.session && !this.guest) await post(address("end", this.session.session));
    this.session.settle();
    this.session.drop();
    this.tell("closed", {});
    if (!this.dock) this.panels.hear("end", { reason: "closed", words: this.guest ? "You left it." : "You closed it.", again: this.guest });
  }

  focus() { if (this.part("cover").hidden) this.terminal?.focus(); else this.panels.focus(); }

  // To the buttons: out of a terminal that takes every key, Tab too.
  escape() { this.bar.querySelector(".term-tool:not([hidden])")?.focus(); }

  // Lets go of it; the shell itself waits for somebody to come back.
  leave() {
    this.leaving.abort();
    this.session.leave();
    this.observer?.disconnect();
    this.panels.clear();
    this.terminal?.dispose();
    this.bar.remove();
    this.element.remove();
  }
}
