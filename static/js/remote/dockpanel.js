// The dock: tabs of terminals, its height, minimised or not. It ends no shell by itself: leaving a page only lets go of them.
import { ShellTerminal } from "./terminal.js";
import { clone, part } from "./markup.js";
import { Edge } from "./edge.js";

const STATES = { live: "connected", down: "reconnecting", problem: "not connected", ended: "ended", starting: "connecting", asking: "waits for you" };
let made = 0;

export class Dock {
  constructor(element, key) {
    Object.assign(this, { element, key, tabs: [], active: null, folded: false });
    this.strip = part(element, "tabs");
    this.body = part(element, "body");
    this.edge = new Edge(element, part(element, "edge"), () => this.fold(false));
    element.addEventListener("click", (event) => this.clicked(event));
    this.strip.addEventListener("keydown", (event) => this.moved(event));
    window.htmx?.process(element);
  }

  open({ instance, name }) {
    const there = this.tabs.find((tab) => tab.instance === instance && !["ended", "problem"].includes(tab.shell.state));
    // The same machine again, while its shell is in front: another shell on it.
    const wanted = there && there !== this.active ? there : this.add({ instance, name, session: "" });
    this.fold(false);
    this.select(wanted);
    wanted.shell.wantFocus();
  }

  restore({ tabs, active, folded }) {
    const added = tabs.map((tab) => this.add(tab));
    this.fold(Boolean(folded));
    if (added.length) this.select(added[active] || added[0]);
  }

  add({ instance, name, session }) {
    const panel = Object.assign(document.createElement("div"), { className: "dock-panel", id: `dock-panel-${(made += 1)}` });
    const head = clone("dock-tab");
    const pick = head.querySelector("[role=tab]");
    const tab = { instance, name, session: session || "", panel, head, pick };
    panel.setAttribute("role", "tabpanel");
    pick.id = `dock-tab-${made}`;
    pick.setAttribute("aria-controls", panel.id);
    panel.setAttribute("aria-labelledby", pick.id);
    const shown = this.called(instance, name);
    part(head, "name").textContent = shown;
    head.querySelector("[data-dock=close]").setAttribute("aria-label", `Close the shell on ${shown}`);
    this.tabs.push(tab);
    this.strip.append(head);
    this.body.append(panel);
    this.element.hidden = false;
    tab.shell = new ShellTerminal(panel, { instance, name, dock: true, tell: (what, detail) => this.hear(tab, what, detail) });
    tab.shell.bar.querySelector('[data-do="pop"]').hidden = false;
    tab.shell.bar.querySelector('[data-do="end"]').hidden = true;
    tab.shell.start(tab.session);
    this.keep();
    return tab;
  }

  // Several on one machine are told apart by numbers.
  called(instance, name) {
    const taken = this.tabs.filter((tab) => tab.instance === instance).map((tab) => part(tab.head, "name").textContent);
    let shown = name;
    for (let number = 2; taken.includes(shown); number += 1) shown = `${name} ${number}`;
    return shown;
  }

  hear(tab, what, detail) {
    if (what === "session") { tab.session = detail.session; this.keep(); }
    else if (what === "state") this.shown(tab, detail.state);
    else if (what === "title") tab.pick.title = [tab.name, detail.title].filter(Boolean).join(": ");
    else if (what === "bell" && tab !== this.active) tab.head.dataset.rings = "";
    else if (what === "closed" || what === "popped") this.remove(tab);
  }

  shown(tab, state) {
    tab.head.dataset.state = state;
    part(tab.head, "how").textContent = `, ${STATES[state]}`;
  }

  select(tab) {
    this.active = tab;
    delete tab.head.dataset.rings;
    this.tabs.forEach((one) => {
      const on = one === tab;
      one.head.toggleAttribute("data-active", on);
      one.pick.setAttribute("aria-selected", String(on));
      one.pick.tabIndex = on ? 0 : -1;
      one.panel.toggleAttribute("data-active", on);
    });
    part(this.element, "tools").replaceChildren(tab.shell.bar);
    tab.head.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.keep();
  }

  remove(tab) {
    const at = this.tabs.indexOf(tab);
    if (at < 0) return;
    this.tabs.splice(at, 1);
    tab.shell.leave();
    tab.head.remove();
    tab.panel.remove();
    const next = this.tabs[Math.min(at, this.tabs.length - 1)];
    if (this.active === tab) this.active = null;
    if (next && !this.active) { this.select(next); next.shell.focus(); }
    if (!next) { this.element.hidden = true; this.edge.measure(); }
    this.keep();
  }

  clicked(event) {
    const head = event.target.closest(".dock-tab");
    const tab = this.tabs.find((one) => one.head === head);
    const act = event.target.closest("[data-dock]")?.dataset.dock;
    if (act === "fold") this.fold(!this.folded);
    else if (act === "close" && tab) tab.shell.end();
    else if (tab && event.target.closest("[role=tab]")) { this.fold(false); this.select(tab); tab.shell.focus(); }
  }

  // Arrows between tabs, as in every list of tabs; Delete closes one.
  moved(event) {
    const at = this.tabs.indexOf(this.active);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.tabs.length - 1 }[event.key];
    if (event.key === "Delete") this.active?.shell.end();
    else if (to === undefined) return;
    else { this.select(this.tabs[(to + this.tabs.length) % this.tabs.length]); this.active.pick.focus(); }
    event.preventDefault();
  }

  fold(on) {
    this.folded = on;
    this.element.toggleAttribute("data-folded", on);
    const button = this.element.querySelector("[data-dock=fold]");
    button.setAttribute("aria-expanded", String(!on));
    button.setAttribute("aria-label", on ? "Show the shells" : "Minimise");
    button.title = on ? "Show the shells" : "Minimise";
    this.edge.measure();
    this.keep();
  }

  keep() {
    const tabs = this.tabs.map(({ instance, name, session }) => ({ instance, name, session }));
    const state = { tabs, active: this.tabs.indexOf(this.active), folded: this.folded };
    try { sessionStorage.setItem(this.key, JSON.stringify(state)); } catch { /* this page only */ }
  }
}
