// A learner's page, whatever it shows now: says that it is open, becomes another page when its part of the workshop did,
// and brings back whoever is in full screen when something is said to everybody.
const page = document.getElementById("w-page");
const state = document.getElementById("w-state");
const HERE_MS = 30000;
// Of a hundred pages that learn of the same thing, not all come at once.
const SPREAD_MS = 1200;
const DRAFT = `help:${location.pathname}`;
let known = said();
let going = false;

function said() { return document.getElementById("w-now")?.dataset.said || ""; }

function token() { return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]; }

function here() {
  fetch(page.dataset.here, { method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": token() }, keepalive: true }).catch(() => { /* the next one says it */ });
}

function again() {
  if (going) return;
  going = true;
  setTimeout(() => location.reload(), Math.random() * SPREAD_MS);
}

// The answer is the state's: another phase, or another machine, is another page.
function look() {
  const now = document.getElementById("w-now");
  if (!now) return;
  if (now.dataset.key !== page.dataset.key) { again(); return; }
  const words = said();
  const news = words.split(" ").some((one) => one && !known.includes(one));
  known = words;
  if (news && document.fullscreenElement) document.exitFullscreen().catch(() => { /* it is read afterwards */ });
}

state.addEventListener("htmx:afterSettle", look);
// Removed from the workshop, or signed out: the page says so itself.
document.body.addEventListener("live-ended", again);

// What was typed for a helper outlives a page that becomes another one.
document.addEventListener("input", (event) => {
  if (event.target.id === "w-help-text") sessionStorage.setItem(DRAFT, event.target.value);
});
document.addEventListener("submit", (event) => {
  if (event.target.closest("#w-help")) sessionStorage.removeItem(DRAFT);
});
function draftBack() {
  const draft = document.getElementById("w-help-text");
  if (draft && !draft.value) draft.value = sessionStorage.getItem(DRAFT) || "";
}
draftBack();

// Nor does newer markup take an open form away from under somebody who is writing, as long as it would be the same form.
const help = document.getElementById("w-help");
help?.addEventListener("htmx:beforeSwap", (event) => {
  const writes = help.querySelector("details[open] #w-help-text");
  const same = event.detail.xhr.responseText.includes('id="w-help-text"');
  if (writes && same && event.detail.requestConfig.verb === "get") event.detail.shouldSwap = false;
});
help?.addEventListener("htmx:afterSettle", draftBack);

here();
setInterval(here, HERE_MS);
document.addEventListener("visibilitychange", () => { if (!document.hidden) here(); });

// Whether this browser can do what a seat needs, tried before it counts.
const box = document.getElementById("w-try");
const button = box?.querySelector('[data-do="try"]');

function line(good, words) {
  const made = document.getElementById("w-try-line").content.firstElementChild.cloneNode(true);
  made.querySelector(".tag").classList.add(good ? "tag-ok" : "tag-bad");
  made.querySelector('[data-part="word"]').textContent = good ? "works" : "does not work";
  made.querySelector('[data-part="words"]').textContent = words;
  box.querySelector("ul").append(made);
}

function socketOpens() {
  return new Promise((settle) => {
    const url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${document.body.dataset.live}`;
    const socket = new WebSocket(url);
    const done = (good) => { clearTimeout(late); socket.close(); settle(good); };
    const late = setTimeout(() => done(false), 8000);
    socket.addEventListener("open", () => done(true));
    socket.addEventListener("error", () => done(false));
  });
}

function stores() {
  try { sessionStorage.setItem("w-try", "1"); sessionStorage.removeItem("w-try"); return true; } catch { return false; }
}

async function tryOut() {
  button.disabled = true;
  box.querySelector("ul").replaceChildren();
  const opens = await socketOpens();
  line(opens, opens ? "A live connection to the portal: your shell comes over it." : "No live connection: something between you and the portal stops WebSockets. Try another network, or tell the instructor.");
  line(stores(), "This browser remembers where you were when a page is loaded again.");
  const wide = innerWidth >= 640;
  line(true, wide ? "There is room for the machine and the hand-out side by side." : "Machine and hand-out stand below each other on a screen of this width.");
  button.disabled = false;
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", tryOut);
}
