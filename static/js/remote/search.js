// Searching in what the shell printed: Enter forth, Shift+Enter back, Escape out.
import { part } from "./markup.js";

const MARKS = {
  matchBackground: "#7a5a12", matchBorder: "#efa818", matchOverviewRuler: "#efa818",
  activeMatchBackground: "#efa818", activeMatchBorder: "#ffffff", activeMatchColorOverviewRuler: "#ffffff",
};

export class Search {
  constructor(root, addon, terminal) {
    Object.assign(this, { form: part(root, "search"), words: part(root, "search-words"), addon, terminal });
    const box = part(root, "search-case");
    this.options = (incremental) => ({ caseSensitive: box.checked, incremental, decorations: MARKS });
    this.words.addEventListener("input", () => this.next(true));
    box.addEventListener("change", () => { addon.clearDecorations(); terminal.clearSelection(); this.next(true); });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.next(false); });
    this.form.addEventListener("keydown", (event) => this.key(event));
    const count = part(root, "search-count");
    addon.onDidChangeResults(({ resultIndex, resultCount }) => { count.textContent = this.told(resultIndex, resultCount); });
    this.count = count;
  }

  told(index, count) {
    if (!this.words.value) return "";
    if (!count) return "no match";
    return index < 0 ? `${count}+ matches` : `${index + 1} of ${count}`;
  }

  key(event) {
    if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && event.shiftKey && event.target === this.words) this.previous();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  open() {
    this.form.hidden = false;
    const picked = this.terminal.getSelection();
    if (picked && !picked.includes("\n")) this.words.value = picked;
    this.words.focus();
    this.words.select();
    if (this.words.value) this.next(true);
  }

  next(incremental) {
    if (!this.words.value) { this.addon.clearDecorations(); this.count.textContent = ""; return; }
    if (!this.addon.findNext(this.words.value, this.options(incremental))) this.count.textContent = "no match";
  }

  previous() {
    if (this.words.value) this.addon.findPrevious(this.words.value, this.options(false));
  }

  close() {
    this.form.hidden = true;
    this.addon.clearDecorations();
    this.terminal.clearSelection();
    this.terminal.focus();
  }
}
