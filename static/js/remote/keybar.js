// Keys that phones lack. Ctrl and Alt hold for the next key.
const PLAIN = { Escape: "\x1b", Tab: "\t" };
const ARROWS = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" };

export class KeyBar {
  constructor(bar, terminal, type) {
    Object.assign(this, { bar, terminal, type, held: { ctrl: false, alt: false } });
    // The keyboard of the phone stays up only while the terminal keeps the focus.
    bar.addEventListener("pointerdown", (event) => event.preventDefault());
    bar.addEventListener("click", (event) => this.pressed(event.target.closest("button")));
  }

  pressed(button) {
    if (!button) return;
    const { key, text, sticky } = button.dataset;
    if (sticky) this.hold(sticky, !this.held[sticky]);
    else this.type(this.applied(text ?? PLAIN[key] ?? this.arrow(key)));
    this.terminal.focus();
  }

  arrow(key) {
    const { ctrl, alt } = this.held;
    if (!ctrl && !alt) return `\x1b${this.terminal.modes.applicationCursorKeysMode ? "O" : "["}${ARROWS[key]}`;
    this.release();
    return `\x1b[1;${1 + (alt ? 2 : 0) + (ctrl ? 4 : 0)}${ARROWS[key]}`;
  }

  hold(name, on) {
    this.held[name] = on;
    this.bar.querySelector(`[data-sticky="${name}"]`).setAttribute("aria-pressed", String(on));
  }

  release() {
    this.hold("ctrl", false);
    this.hold("alt", false);
  }

  // What was typed, with the keys that are held.
  applied(text) {
    const { ctrl, alt } = this.held;
    if ((!ctrl && !alt) || text.length !== 1) return text;
    this.release();
    const code = text.toUpperCase().charCodeAt(0);
    const letter = ctrl && code >= 63 && code <= 95 ? String.fromCharCode(code === 63 ? 127 : code & 31) : text;
    return alt ? `\x1b${letter}` : letter;
  }
}
