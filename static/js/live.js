// The socket: newer markup replaces older by element id, everything else becomes a DOM event on <body>.
// A page that cannot reach the socket works on; it says so, and refetches when the socket is back.
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const PING_EVERY = 20000;
const HEAL_EVERY = 60000;

const state = { socket: null, wait: FIRST_WAIT, opened: 0, heard: 0, ended: "" };

function topics() {
  const words = (document.body.dataset.topics || "").split(/\s+/).filter(Boolean);
  return words.map((topic) => `t=${encodeURIComponent(topic)}`).join("&");
}

function show(word) {
  const box = document.getElementById("live-state");
  if (!box || box.dataset.state === word) return;
  box.dataset.state = word;
  box.querySelector(".live-word").textContent = { live: "live", reconnecting: "reconnecting", off: "" }[word] || word;
}

function fire(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: detail || {} }));
}

function elementOf(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

// What a person was doing in the old element goes on in the new one: ticks, open menus, focus.
function carryOver(old, fresh) {
  old.querySelectorAll("input[type=checkbox][value]").forEach((box) => {
    const same = fresh.querySelector(`input[type=checkbox][value="${CSS.escape(box.value)}"]`);
    if (same) same.checked = box.checked;
  });
  old.querySelectorAll("details[open][data-keep]").forEach((menu) => {
    const same = fresh.querySelector(`details[data-keep="${CSS.escape(menu.dataset.keep)}"]`);
    if (same) same.replaceWith(menu);
  });
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  return () => {
    if (!focused || document.activeElement === focused) return;
    const key = focused.dataset.keep || focused.name || focused.getAttribute("href");
    const same = key && Array.from(fresh.querySelectorAll("a, button, input, summary")).find(
      (node) => (node.dataset.keep || node.name || node.getAttribute("href")) === key);
    if (same) same.focus({ preventScroll: true });
  };
}

function swap(item) {
  const old = document.getElementById(item.element);
  if (!old) return fire(item.name, item.detail);
  if (Number(old.dataset.version || 0) >= item.version) return undefined;
  const fresh = elementOf(item.html);
  if (!fresh) return undefined;
  const refocus = carryOver(old, fresh);
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  refocus();
  return fire("live-swapped", { element: item.element, name: item.name, ...item.detail });
}

function receive(event) {
  state.heard = Date.now();
  let message;
  try { message = JSON.parse(event.data); } catch { return; }
  if (message.end) return end(message.end);
  (message.html || []).forEach(swap);
  (message.changed || []).forEach((item) => fire(item.name, item.detail));
  Object.entries(message.samples || {}).forEach(([instance, samples]) => fire("samples", { instance, samples }));
}

function end(reason) {
  state.ended = reason;
  show("off");
  fire("live-ended", { reason });
  if (reason === "signed-out") location.reload();
}

function reconnect() {
  state.socket = null;
  if (state.ended) return;
  show("reconnecting");
  const wait = state.wait * (0.7 + Math.random() * 0.6);
  state.wait = Math.min(state.wait * 2, LONGEST_WAIT);
  setTimeout(connect, wait);
}

function connect() {
  if (state.socket || state.ended) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${document.body.dataset.live}?${topics()}`);
  state.socket = socket;
  socket.addEventListener("open", () => {
    state.wait = FIRST_WAIT;
    state.heard = Date.now();
    show("live");
    if (state.opened) fire("live-back");
    state.opened += 1;
  });
  socket.addEventListener("message", receive);
  socket.addEventListener("close", (event) => {
    if (event.code === 4401) end("signed-out");
    else if (event.code === 4403) end("no-access");
    if (state.socket === socket) reconnect();
  });
}

function ping() {
  const socket = state.socket;
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  if (Date.now() - state.heard > 2.5 * PING_EVERY) socket.close();
  else socket.send(JSON.stringify({ ping: 1 }));
}

if (document.body.dataset.live) {
  connect();
  setInterval(ping, PING_EVERY);
  // What a lost message left stale, a slow refetch heals: parts listen with hx-trigger="heal from:body".
  setInterval(() => { if (!document.hidden) fire("heal"); }, HEAL_EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { ping(); fire("heal"); } });
  window.addEventListener("online", () => { state.wait = FIRST_WAIT; connect(); });
  document.body.addEventListener("live-back", () => fire("heal"));
  // The server dropped messages to this page, because it was too slow or because Redis was away.
  document.body.addEventListener("live-resync", () => fire("heal"));
}
