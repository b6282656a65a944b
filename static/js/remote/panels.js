// What stands over a terminal while there is no shell in it, and the word of how it stands.
import { clone, part } from "./markup.js";
import { askPanel } from "./ask.js";
import { repairButtons } from "./repairs.js";

const TONES = { live: "ok", down: "warn", problem: "bad", ended: "off", starting: "busy", asking: "warn" };
const WORDS = { live: "connected", down: "reconnecting", problem: "not connected", ended: "ended", starting: "connecting", asking: "waits for you" };

export class Panels {
  constructor(shell) {
    Object.assign(this, { shell, counting: 0, drawn: false });
  }

  hear(what, detail) {
    const acts = {
      stage: () => this.stage(detail.words), lost: () => this.lost(detail), down: () => this.down(detail), ask: () => this.ask(detail),
      problem: () => this.problem(detail), end: () => this.end(detail), notice: () => this.notice(detail),
    };
    acts[what]?.();
  }

  show(panel, state) {
    const cover = this.shell.part("cover");
    const focused = this.shell.element.contains(document.activeElement) || (this.shell.waiting && this.shell.waiting === document.activeElement);
    cover.replaceChildren(panel);
    cover.hidden = false;
    cover.classList.toggle("term-cover-over", this.drawn);
    this.word(state);
    if (focused && panel.querySelector("button, input")) this.focus();
  }

  clear() {
    this.stopCounting();
    this.shell.part("cover").hidden = true;
    this.shell.part("cover").replaceChildren();
    this.shell.part("down").hidden = true;
  }

  focus() { this.shell.part("cover").querySelector("h2, button, input")?.focus(); }

  word(state, words = WORDS[state]) {
    const tag = this.shell.part("state");
    tag.className = `tag tag-${TONES[state]}`;
    tag.firstElementChild.classList.toggle("tag-spin", state === "starting" || state === "down");
    this.shell.part("state-word").textContent = words;
    this.shell.become(state);
  }

  // With a screen full of text a word in the bar is enough; without, the words stand where the text will be.
  stage(words) {
    this.stopCounting();
    this.shell.say(words);
    if (this.drawn) { this.shell.part("cover").hidden = true; this.word("starting"); return; }
    const panel = clone("terminal-stage");
    part(panel, "words").textContent = words;
    this.show(panel, "starting");
  }

  opened({ login, kept }) {
    this.drawn = true;
    this.clear();
    this.word("live");
    const name = login ? `as ${login}` : "";
    this.shell.part("state").title = [`Signed in to the machine ${name}`.trim(), kept === "tmux"
      ? "kept on the machine by tmux: a lost connection loses nothing" : "kept by the portal for a while when the connection is lost"].join(", ");
    this.shell.say(`Connected ${name}`.trim());
  }

  down({ words, due }) {
    this.shell.part("down-words").textContent = words;
    this.shell.part("down").hidden = false;
    if (!this.drawn) this.stageless(words);
    this.word("down");
    this.count(due, (left) => { this.shell.part("down-count").textContent = left > 0 ? `Next try in ${left} s.` : "Trying now."; });
  }

  stageless(words) {
    const panel = clone("terminal-stage");
    part(panel, "words").textContent = words;
    this.show(panel, "down");
  }

  lost({ words }) {
    this.shell.part("down-words").textContent = words;
    this.shell.part("down-count").textContent = "";
    this.shell.part("down").hidden = false;
    this.word("down");
  }

  ask(detail) {
    this.clear();
    this.show(askPanel(detail, (given) => { this.stage("Signing in to the machine"); this.shell.session.answer(given); }), "asking");
    this.focus();
  }

  problem(detail) {
    this.clear();
    const panel = clone("terminal-problem");
    this.account(panel, detail);
    ["title", "what", "means", "todo"].forEach((name) => { part(panel, name).textContent = detail[name] || ""; });
    part(panel, "facts").hidden = !detail.id;
    part(panel, "id").textContent = [detail.id, detail.request].filter(Boolean).join(" · ");
    part(panel, "choices").prepend(...repairButtons(detail.repairs || [], () => this.shell.session.connect()));
    if ((detail.repairs || []).length) part(panel, "choices").querySelector('[data-do="retry"]').classList.remove("btn-primary");
    this.show(panel, "problem");
    if (detail.wait) {
      part(panel, "again").hidden = false;
      this.count(Date.now() + detail.wait * 1000, (left) => { part(panel, "again-count").textContent = `${Math.max(0, left)} s`; });
    }
  }

  // The one problem that an answer mends: nobody knows as whom to sign in.
  account(panel, { id }) {
    const form = part(panel, "account");
    form.hidden = id !== "remote:no-login";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.shell.session.login = part(form, "login").value.trim();
      this.shell.session.connect();
    });
  }

  end({ words, again, reason }) {
    this.clear();
    const panel = clone("terminal-end");
    part(panel, "words").textContent = words || "";
    const resume = panel.querySelector('[data-do="resume"]');
    resume.hidden = !again && reason !== "moved";
    if (reason === "moved") resume.textContent = "Bring it back here";
    const barred = reason === "no-access" || reason === "signed-out";
    panel.querySelector('[data-do="anew"]').hidden = barred || this.shell.guest;
    if (!again && !barred) panel.querySelector('[data-do="anew"]').classList.add("btn-primary");
    part(panel, "kept").hidden = panel.querySelector('[data-do="look"]').hidden = !this.drawn;
    this.show(panel, "ended");
    this.shell.say(`This shell has ended. ${words || ""}`);
  }

  notice({ words }) {
    this.shell.part("notice-words").textContent = words;
    this.shell.part("notice").hidden = false;
  }

  count(due, show) {
    this.stopCounting();
    const tick = () => show(Math.ceil((due - Date.now()) / 1000));
    tick();
    this.counting = setInterval(tick, 500);
  }

  stopCounting() { clearInterval(this.counting); }
}
