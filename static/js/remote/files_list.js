// The list of one folder: loading it, more of it, picking, moving about by keyboard.
import { part } from "./markup.js";

const HIDDEN_KEY = "files:hidden";
const SORT_KEY = "files:sort";

export class List {
  constructor(root, session, hooks) {
    Object.assign(this, { root, session, hooks });
    this.element = part(root, "list");
    this.path = new URLSearchParams(location.search).get("path") || "";
    this.picked = new Set();
    this.turn = 0;
    part(root, "hidden").checked = localStorage.getItem(HIDDEN_KEY) === "1";
    this.observer = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) this.more(); });
    this.element.addEventListener("change", (event) => this.changed(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("click", (event) => this.range(event));
  }

  get folder() { return this.element.querySelector("[data-folder-path]")?.dataset.folderPath ?? this.path; }
  get folderShown() { return this.element.querySelector("[data-folder-path]")?.dataset.folderShown ?? ""; }
  get rows() { return Array.from(this.element.querySelectorAll("tr[data-name]")); }

  params() {
    const sort = localStorage.getItem(SORT_KEY) || "";
    const words = part(this.root, "filter").value.trim();
    return { path: this.path, ...(sort ? { sort } : {}), ...(part(this.root, "hidden").checked ? { hidden: "1" } : {}), ...(words ? { q: words } : {}) };
  }

  // Gives the problem that stood in the way, or null. `quiet`: the same folder again, nothing moves.
  async load({ quiet = false } = {}) {
    const turn = ++this.turn;
    this.element.setAttribute("aria-busy", "true");
    const answer = await this.session.get("list", this.params());
    if (turn !== this.turn) return null;
    this.element.setAttribute("aria-busy", "false");
    if (!answer.ok) return answer.problem;
    const before = this.folder;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.closest("tr")?.dataset.name : null;
    this.element.innerHTML = answer.text;
    if (this.folder !== before || !quiet) this.picked.clear();
    this.path = this.folder;
    this.dress();
    if (quiet && focused) this.focus(focused);
    return null;
  }

  dress() {
    this.rows.forEach((row) => { const box = row.querySelector("[data-pick]"); box.checked = this.picked.has(row.dataset.name); });
    const here = new Set(this.rows.map((row) => row.dataset.name));
    this.picked.forEach((name) => { if (!here.has(name)) this.picked.delete(name); });
    this.observer.disconnect();
    const more = this.element.querySelector("tr[data-more]");
    if (more) this.observer.observe(more);
    this.count();
  }

  async more() {
    const row = this.element.querySelector("tr[data-more]");
    if (!row || row.dataset.asked) return;
    row.dataset.asked = "1";
    const turn = this.turn;
    const answer = await this.session.get("list", Object.fromEntries(new URLSearchParams(row.dataset.more)));
    if (turn !== this.turn || !row.isConnected) return;
    if (!answer.ok) { delete row.dataset.asked; this.hooks.problem(answer.problem); return; }
    row.insertAdjacentHTML("afterend", answer.text);
    row.remove();
    this.dress();
  }

  sort(by) { localStorage.setItem(SORT_KEY, by); return this.load({ quiet: true }); }
  showHidden(on) { localStorage.setItem(HIDDEN_KEY, on ? "1" : "0"); }

  focus(name) {
    const row = this.rows.find((one) => one.dataset.name === name);
    (row?.querySelector(".c-name a") || row?.querySelector("[data-pick]"))?.focus({ preventScroll: true });
  }

  changed(event) {
    const box = event.target;
    if (box.matches("[data-pick-all]")) this.rows.forEach((row) => { row.querySelector("[data-pick]").checked = box.checked; });
    else if (!box.matches("[data-pick]")) return;
    this.rows.forEach((row) => { if (row.querySelector("[data-pick]").checked) this.picked.add(row.dataset.name); else this.picked.delete(row.dataset.name); });
    this.count();
  }

  // Shift and click picks a range.
  range(event) {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    const boxes = Array.from(this.element.querySelectorAll("[data-pick]"));
    if (event.shiftKey && this.last && boxes.includes(this.last)) {
      const [from, to] = [boxes.indexOf(this.last), boxes.indexOf(box)].sort((one, other) => one - other);
      boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.last = box;
  }

  clear() { this.picked.clear(); this.dress(); }

  count() {
    const all = this.element.querySelector("[data-pick-all]");
    if (all) {
      all.checked = this.picked.size > 0 && this.picked.size === this.rows.length;
      all.indeterminate = this.picked.size > 0 && !all.checked;
    }
    this.rows.forEach((row) => { row.classList.toggle("is-picked", this.picked.has(row.dataset.name)); });
    part(this.root, "bulk").hidden = this.picked.size === 0;
    part(this.root, "picked").textContent = this.picked.size;
  }

  key(event) {
    const row = event.target.closest("tr[data-name]");
    if (!row || event.target.closest("details[open]") || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const { rows } = this;
      const to = rows[rows.indexOf(row) + step];
      (to?.querySelector(".c-name a") || to?.querySelector("[data-pick]"))?.focus();
    } else if (event.key === "F2" || event.key === "Delete") {
      event.preventDefault();
      this.hooks.act(event.key === "F2" ? "rename" : "delete", row);
    } else if (event.key === "Backspace") {
      event.preventDefault();
      this.element.querySelector("[data-up]")?.click();
    }
  }
}
