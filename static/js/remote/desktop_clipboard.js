// The clipboard of the desktop and the one of this computer: by themselves where the browser allows it, else by a panel.
const MOST = 256 * 1024;
// A machine may fill this computer's clipboard only just after the person did something on its screen.
const RECENT_MS = 10000;

export class Clipboard {
  constructor({ panel, area, automatic, state, screen, mayAct, acted }) {
    Object.assign(this, { panel, area, automatic, state, screen, mayAct, acted, last: null });
    window.addEventListener("focus", () => this.pull());
    panel.addEventListener("click", (event) => {
      const what = event.target.closest("[data-clip]")?.dataset.clip;
      if (what) this[what]();
    });
  }

  // From the desktop.
  async arrived(text) {
    const cut = text.length > MOST;
    this.last = cut ? text.slice(0, MOST) : text;
    this.area.value = this.last;
    if (cut) this.say("It was longer than can be shown: the rest is left out.");
    if (!this.automatic() || Date.now() - this.acted() > RECENT_MS || !document.hasFocus()) return;
    try {
      await navigator.clipboard.writeText(this.last);
    } catch {
      this.say("The browser does not let the desktop fill your clipboard by itself: use “Copy”.");
    }
  }

  // To the desktop, when the person comes back to the page. Only where the browser was told so already: no question then.
  async pull() {
    if (!this.automatic() || !this.mayAct() || !(await allowed())) return;
    try {
      const text = await navigator.clipboard.readText();
      if (text && text !== this.last) this.give(text);
    } catch { /* no text in it, or another window has the focus */ }
  }

  give(text) {
    const screen = this.screen();
    if (!screen || !this.mayAct()) return false;
    if (text.length > MOST) {
      this.say(`That is more than ${MOST / 1024} KiB of text: use Files.`);
      return false;
    }
    this.last = text;
    this.area.value = text;
    screen.clipboardPasteFrom(text);
    return true;
  }

  send() {
    if (this.give(this.area.value)) this.say("It is in the desktop's clipboard: paste it there.");
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.area.value);
      this.say("Copied.");
    } catch {
      this.area.select();
      this.say("The browser does not allow it: it is marked now, press Ctrl+C.");
    }
  }

  // A click of the person's: the browser may ask.
  async paste() {
    try {
      const text = await navigator.clipboard.readText();
      if (this.give(text)) this.say("Your clipboard is the desktop's too.");
    } catch {
      this.say("The browser does not allow it: put the text into the box by Ctrl+V.");
      this.area.focus();
    }
  }

  say(words) {
    this.state.textContent = words;
  }
}

async function allowed() {
  if (!navigator.clipboard?.readText || !document.hasFocus()) return false;
  try {
    return (await navigator.permissions.query({ name: "clipboard-read" })).state === "granted";
  } catch {
    return false;
  }
}
