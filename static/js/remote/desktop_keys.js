// Keys that a browser keeps to itself, and those that a phone lacks.
import keysyms from "../../vendor/novnc/core/input/keysymdef.js";
import KeyTable from "../../vendor/novnc/core/input/keysym.js";

const NAMED = {
  Escape: [KeyTable.XK_Escape, "Escape"], Tab: [KeyTable.XK_Tab, "Tab"], Enter: [KeyTable.XK_Return, "Enter"], Backspace: [KeyTable.XK_BackSpace, "Backspace"],
  Delete: [KeyTable.XK_Delete, "Delete"], Ctrl: [KeyTable.XK_Control_L, "ControlLeft"], Alt: [KeyTable.XK_Alt_L, "AltLeft"], Shift: [KeyTable.XK_Shift_L, "ShiftLeft"],
  Super: [KeyTable.XK_Super_L, "MetaLeft"], Print: [KeyTable.XK_Print, "PrintScreen"], Left: [KeyTable.XK_Left, "ArrowLeft"], Right: [KeyTable.XK_Right, "ArrowRight"],
  Up: [KeyTable.XK_Up, "ArrowUp"], Down: [KeyTable.XK_Down, "ArrowDown"], Home: [KeyTable.XK_Home, "Home"], End: [KeyTable.XK_End, "End"],
  PageUp: [KeyTable.XK_Page_Up, "PageUp"], PageDown: [KeyTable.XK_Page_Down, "PageDown"],
  ...Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`F${at + 1}`, [KeyTable[`XK_F${at + 1}`], `F${at + 1}`]])),
};
// A field that is never empty tells of Backspace too.
const FILL = "\u200b";

// "Ctrl+Alt+Delete": all down in this order, and up again.
export function press(screen, chord) {
  const keys = chord.split("+").map((name) => NAMED[name]);
  keys.forEach(([symbol, code]) => screen.sendKey(symbol, code, true));
  keys.reverse().forEach(([symbol, code]) => screen.sendKey(symbol, code, false));
}

export function typeText(screen, text) {
  for (const letter of text.replaceAll("\r\n", "\n")) {
    if (letter === "\n") press(screen, "Enter");
    else if (letter === "\t") press(screen, "Tab");
    else screen.sendKey(keysyms.lookup(letter.codePointAt(0)), undefined);
  }
}

// The bar: keys that stick until another key, and a field that calls the phone's keyboard.
export class KeyBar {
  constructor({ bar, field, screen }) {
    Object.assign(this, { bar, field, screen });
    bar.addEventListener("click", (event) => this.clicked(event.target.closest("button")));
    // The focus stays where it is: the keyboard of the phone would go.
    bar.addEventListener("pointerdown", (event) => event.preventDefault());
    field.addEventListener("input", () => this.typed());
    field.addEventListener("keydown", (event) => this.pressed(event));
    field.value = FILL;
  }

  clicked(button) {
    const screen = this.screen();
    if (!button || !screen) return;
    if (button.dataset.sticky) this.stick(button, button.getAttribute("aria-pressed") !== "true");
    else if (button.dataset.key) { press(screen, button.dataset.key); this.unstick(); }
    else if (button.dataset.keyboard !== undefined) this.field.focus();
  }

  stick(button, down) {
    const [symbol, code] = NAMED[button.dataset.sticky];
    button.setAttribute("aria-pressed", String(down));
    this.screen()?.sendKey(symbol, code, down);
  }

  unstick() {
    this.bar.querySelectorAll("[data-sticky][aria-pressed=true]").forEach((button) => this.stick(button, false));
  }

  typed() {
    const screen = this.screen();
    const { value } = this.field;
    this.field.value = FILL;
    if (!screen) return;
    if (!value.length) press(screen, "Backspace");
    typeText(screen, value.replaceAll(FILL, ""));
    this.unstick();
  }

  pressed(event) {
    const named = { Enter: "Enter", Tab: "Tab", Escape: "Escape", ArrowLeft: "Left", ArrowRight: "Right", ArrowUp: "Up", ArrowDown: "Down" }[event.key];
    if (!named || !this.screen()) return;
    event.preventDefault();
    press(this.screen(), named);
    this.unstick();
  }
}
