// The page of a desktop: noVNC between the portal's WebSocket and this window, and what belongs around it.
import { Clipboard } from "./desktop_clipboard.js";
import { KeyBar, press, typeText } from "./desktop_keys.js";
import { levels, prefer, prefs, roundTrip } from "./desktop_prefs.js";
import { Screen } from "./desktop_screen.js";
import { DesktopSession } from "./desktop_session.js";
import { post } from "./post.js";

const desk = document.getElementById("desk");
const part = (name) => desk.querySelector(`[data-part="${name}"]`);
const fill = (address, session) => address.replace(desk.dataset.nobody, session);
const now = { screen: null, mode: desk.dataset.joining ? "view" : "own", looking: false, acted: 0, trip: null };
const MODES = { view: "You look on", type: "You may type", own: "" };

const session = new DesktopSession({
  openUrl: desk.dataset.open,
  endedUrl: (id) => fill(desk.dataset.session, id),
  joining: Boolean(desk.dataset.joining),
  hear: (name, detail) => hearing[name](detail),
});
const clipboard = new Clipboard({
  panel: part("clipboard"), area: part("clip-text"), state: part("clip-state"),
  automatic: () => prefs().clipboard, screen: () => now.screen, mayAct: () => now.mode !== "view" && !now.looking, acted: () => now.acted,
});
const keyBar = new KeyBar({ bar: part("keys"), field: part("phone"), screen: () => now.screen });

const hearing = {
  stage({ words }) { state("busy", "connecting"); cover("waiting", { title: words }); },
  socket({ socket, mode, session: id }) {
    begin(socket, mode);
    part("on").setAttribute("hx-get", fill(desk.dataset.on, id));
    window.htmx?.process(part("on"));
  },
  down({ words, due }) { forget(); state("warn", "reconnecting"); cover("waiting", { title: words, words: "Coming back by itself.", due, button: "again" }); },
  problem({ problem, due }) { forget(); state("bad", "not open"); showProblem(problem, due); },
  end({ words }) { forget(); state("off", "closed"); cover("ended", { title: "The desktop is closed", words, button: "again" }); },
};

function begin(socket, mode) {
  forget();
  now.mode = mode;
  const screen = new Screen(part("screen"), socket, (words) => refused(words));
  now.screen = screen;
  apply();
  screen.addEventListener("connect", () => connected(screen));
  screen.addEventListener("clipboard", (event) => { if (mode !== "view") clipboard.arrived(event.detail.text); });
  cover("waiting", { title: "Connecting to the machine" });
}

function connected(screen) {
  if (screen !== now.screen) return;
  session.live(screen);
  screen.canvas.tabIndex = 0;
  state("ok", MODES[now.mode] || "connected");
  uncover();
  apply();
  screen.focus({ preventScroll: true });
  said(`Connected. Keys go to the desktop. ${desk.dataset.out} brings you back to the page.`);
  part("on").dispatchEvent(new CustomEvent("desk-open"));
  clipboard.pull();
}

// Its own connection is over; the machine is not asked again without a click.
function refused(words) {
  session.leave();
  forget();
  state("bad", "stopped");
  cover("problem", { title: "What the machine sends is no screen", words: `${words} The portal closed the connection; nothing else of the page was touched.`, button: "again" });
}

function forget() {
  now.screen?.disconnect();
  now.screen = null;
  part("screen").replaceChildren();
}

// Settings, as they are now, to the screen that is there.
async function apply() {
  const wanted = prefs();
  desk.querySelectorAll("[data-pref]").forEach((field) => {
    if (field.type === "checkbox") field.checked = wanted[field.dataset.pref];
    else field.value = wanted[field.dataset.pref];
  });
  part("keys").hidden = !wanted.keyBar || now.mode === "view";
  desk.querySelectorAll("[data-acts]").forEach((one) => { one.disabled = now.mode === "view" || now.looking; });
  part("looking").disabled = now.mode === "view";
  part("looking").checked = now.mode === "view" || now.looking;
  const { screen } = now;
  if (!screen) return;
  screen.viewOnly = now.mode === "view" || now.looking;
  // The owner's window decides how large the desktop is; whoever joins sees it whole.
  screen.resizeSession = now.mode === "own" && wanted.size === "follow";
  screen.scaleViewport = wanted.size === "fit" || (now.mode !== "own" && wanted.size === "follow");
  screen.clipViewport = false;
  if (wanted.quality === "auto" && now.trip === null) now.trip = await roundTrip();
  [screen.qualityLevel, screen.compressionLevel] = levels(wanted.quality, now.trip);
  part("trip").textContent = now.trip === null ? "" : `${Math.round(now.trip)} ms to the portal`;
}

function state(tone, word) {
  part("state").className = `tag tag-${tone}`;
  part("state-word").textContent = word;
}

function said(words) {
  part("said").textContent = words;
}

let counting = 0;
function cover(kind, { title, words = "", due = 0, button = "" }) {
  const box = part("cover");
  box.dataset.kind = kind;
  box.hidden = false;
  part("cover-spin").hidden = kind !== "waiting";
  part("cover-title").textContent = title;
  part("cover-words").textContent = words;
  part("cover-todo").textContent = "";
  part("cover-more").hidden = true;
  part("cover-ways").replaceChildren();
  part("cover-again").hidden = !button;
  clearInterval(counting);
  part("cover-count").textContent = "";
  if (!due) return;
  const count = () => { part("cover-count").textContent = `Next try in ${Math.max(0, Math.ceil((due - Date.now()) / 1000))} s`; };
  count();
  counting = setInterval(count, 1000);
}

function uncover() {
  clearInterval(counting);
  part("cover").hidden = true;
}

function showProblem(problem, due) {
  cover("problem", { title: problem.title, words: `${problem.what} ${problem.means}`, due, button: "again" });
  part("cover-todo").textContent = problem.todo;
  part("cover-more").hidden = !problem.detail;
  part("cover-detail").textContent = problem.detail || "";
  part("cover-ways").replaceChildren(...(problem.repairs || []).map(way));
  part("cover-title").focus();
}

// A way out: a page, a question in a dialog, or something that is done at once.
function way({ label, url, method, dialog }) {
  const button = document.createElement(method === "post" || dialog ? "button" : "a");
  button.className = "btn";
  button.textContent = label;
  if (method === "post") button.addEventListener("click", async () => { if ((await post(url)).ok) session.connect(); });
  else if (dialog) button.addEventListener("click", () => window.htmx.ajax("GET", url, "#dialog"));
  else if (url.endsWith("?restart")) { button.href = url; button.addEventListener("click", (event) => { event.preventDefault(); part("restart").showModal(); }); }
  else button.href = url;
  return button;
}

// A new tab's name for the picture: what the clock says, so that several do not overwrite each other.
function picture() {
  now.screen?.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${desk.dataset.name.replace(/[^\w.-]+/g, "-")}-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

async function fullScreen() {
  if (document.fullscreenElement) return document.exitFullscreen();
  await desk.requestFullscreen();
  // Alt+Tab and the like go to the desktop then; Escape held down leaves.
  await navigator.keyboard?.lock?.().catch(() => {});
  return now.screen?.focus();
}

const actions = {
  again: () => session.connect(),
  full: () => fullScreen().catch(() => said("The browser does not allow full screen here.")),
  picture,
  clipboard: () => panel("clipboard"),
  help: () => part("help").showModal(),
  restart: () => part("restart").showModal(),
  restartNow() { part("restart").close(); session.connect({ restart: true }); },
  share: () => window.htmx.ajax("GET", fill(desk.dataset.share, session.session), "#dialog"),
  typeClip() { if (now.screen) typeText(now.screen, part("clip-text").value); },
  async end() {
    const { session: id } = session;
    session.leave();
    forget();
    if (id && !desk.dataset.joining) await post(fill(desk.dataset.end, id));
    hearing.end({ words: desk.dataset.joining ? "You left it. Its owner's session goes on." : "Programs on it go on running; nothing was closed there." });
  },
};

function panel(name) {
  const box = part(name);
  box.hidden = !box.hidden;
  desk.querySelector(`[data-do="${name}"]`).setAttribute("aria-expanded", String(!box.hidden));
  if (box.hidden) now.screen?.focus();
  else box.querySelector("textarea").focus();
}

// Whatever is typed or clicked on the screen belongs to the machine, except this: it leads out.
function out(event) {
  if (!(event.ctrlKey && event.altKey && event.shiftKey) || !["Control", "Alt", "Shift", "Meta"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  now.screen?.letGo();
  desk.querySelector('[data-part="tools"] button:not([disabled])').focus();
  said("You are back on the page.");
}

desk.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do], [data-chord]");
  if (!button) return;
  if (button.dataset.do) actions[button.dataset.do]();
  else if (now.screen) press(now.screen, button.dataset.chord);
  button.closest("details")?.removeAttribute("open");
  if (button.dataset.chord) now.screen?.focus();
});
desk.addEventListener("change", (event) => {
  const { target } = event;
  if (target === part("looking")) now.looking = target.checked;
  else if (target.dataset.pref) prefer({ [target.dataset.pref]: target.type === "checkbox" ? target.checked : target.value });
  apply();
});
part("screen").addEventListener("keydown", out, { capture: true });
["keydown", "pointerdown"].forEach((name) => part("screen").addEventListener(name, () => { now.acted = Date.now(); }, { capture: true }));
document.addEventListener("fullscreenchange", () => {
  const full = document.fullscreenElement === desk;
  desk.querySelector('[data-do="full"]').setAttribute("aria-pressed", String(full));
});
window.addEventListener("pagehide", () => session.leave());
window.addEventListener("pageshow", (event) => { if (event.persisted) session.connect(); });

apply();
if (desk.dataset.restart) {
  cover("waiting", { title: "Starting the desktop again?" });
  part("restart").showModal();
  part("restart").addEventListener("close", () => { if (!session.socket && !session.attempt) session.connect(); }, { once: true });
} else {
  session.connect();
}
