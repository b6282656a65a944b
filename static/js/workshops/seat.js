// At the seat: the ways to the machine as tabs, each begun when it is first looked at, and the hand-out beside them.
import { ShellTerminal } from "../remote/terminal.js";

const room = document.getElementById("w-room");
const tabs = Array.from(room.querySelectorAll("[data-tab]"));
const side = document.getElementById("w-side");
const grip = room.querySelector(".w-grip");
const toggle = room.querySelector('[data-do="side"]');
const SESSION = `seat:${location.pathname}:${room.dataset.machine}`;
const TAB = `tab:${location.pathname}`;
const WIDTH = "w-side-width";
const [NARROWEST, WIDEST, USUAL] = [15, 70, 30];
let shell = null;

function openShell() {
  if (shell) return;
  const pane = document.getElementById("w-shell");
  shell = new ShellTerminal(pane, {
    instance: room.dataset.machine, name: pane.dataset.name, open: pane.dataset.open,
    tell: (name, detail) => { if (name === "session") sessionStorage.setItem(SESSION, detail.session); },
  });
  shell.start(sessionStorage.getItem(SESSION) || "");
}

function begin(name) {
  const frame = document.querySelector(`#w-${name} iframe[data-src]`);
  if (name === "shell") openShell();
  else if (frame && !frame.src) frame.src = frame.dataset.src;
}

function choose(name, focus = false) {
  tabs.forEach((tab) => {
    const on = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    document.getElementById(`w-${tab.dataset.tab}`).hidden = !on;
    if (on && focus) tab.focus();
  });
  begin(name);
  sessionStorage.setItem(TAB, name);
  if (name === "shell" && !focus) shell.focus();
}

room.querySelector(".w-tabs").addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tab]");
  if (tab) choose(tab.dataset.tab);
});
room.querySelector(".w-tabs").addEventListener("keydown", (event) => {
  const at = tabs.indexOf(event.target);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (at < 0 || !step) return;
  event.preventDefault();
  choose(tabs[(at + step + tabs.length) % tabs.length].dataset.tab, true);
});

// How wide the hand-out is, in hundredths of the page: by mouse, finger or arrow keys, kept for the next time.
function widen(share) {
  const width = Math.round(Math.min(WIDEST, Math.max(NARROWEST, share)));
  room.style.setProperty("--w-side", `${width}%`);
  grip.setAttribute("aria-valuenow", String(width));
  localStorage.setItem(WIDTH, String(width));
}

function drag(event) { widen(((room.getBoundingClientRect().right - event.clientX) / room.clientWidth) * 100); }

if (grip) {
  widen(Number(localStorage.getItem(WIDTH)) || USUAL);
  grip.addEventListener("pointerdown", (event) => {
    grip.setPointerCapture(event.pointerId);
    grip.addEventListener("pointermove", drag);
  });
  grip.addEventListener("pointerup", () => grip.removeEventListener("pointermove", drag));
  grip.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: 3, ArrowRight: -3 }[event.key];
    if (!step) return;
    event.preventDefault();
    widen(Number(grip.getAttribute("aria-valuenow")) + step);
  });
}

// On a phone it stands below the machine: the button leads there.
toggle?.addEventListener("click", () => {
  if (matchMedia("(max-width: 48rem)").matches) { side.scrollIntoView(); return; }
  const shown = side.hidden;
  side.hidden = grip.hidden = !shown;
  toggle.setAttribute("aria-expanded", String(shown));
});

const before = sessionStorage.getItem(TAB);
choose(tabs.some((tab) => tab.dataset.tab === before) ? before : room.dataset.first);
