// The board: filters and order hold while tiles change, ticks and focus stay, arrow keys go from seat to seat.
const list = () => document.getElementById("tiles");
const tiles = () => Array.from(list()?.children || []);
const pick = (tile) => tile.querySelector(".tile-pick");
const shown = () => tiles().filter((tile) => !tile.hidden);
const find = document.querySelector("[data-find]");
const filter = document.querySelector("[data-state-filter]");
const sort = document.querySelector("[data-sort]");
const which = document.querySelector("[data-which]");
const picked = new Set();
let current = "";

const belongs = {
  all: (tile) => !("spare" in tile.dataset || "test" in tile.dataset),
  spares: (tile) => "spare" in tile.dataset,
  broken: (tile) => tile.dataset.state === "broken" || "broken" in tile.dataset,
  "not-joined": (tile) => "notJoined" in tile.dataset && belongs.all(tile),
};
const isOf = (tile, word) => (belongs[word] ? belongs[word](tile) : tile.dataset.state === word);

function matches(tile) {
  if (filter.value && !isOf(tile, filter.value)) return false;
  const words = find.value.trim().toLowerCase();
  return !words || tile.dataset.key === words || tile.dataset.name.includes(words);
}

const place = (tile) => [("spare" in tile.dataset) ? 1 : 0, Number(tile.dataset.number)];
function before(one, other) {
  const [first, second] = [key(one), key(other)];
  for (let i = 0; i < first.length; i += 1) if (first[i] !== second[i]) return first[i] < second[i] ? -1 : 1;
  return 0;
}
function key(tile) {
  if (sort.value === "attention") return [Number(tile.dataset.rank), ...place(tile)];
  if (sort.value === "name") return [tile.dataset.name ? 0 : 1, tile.dataset.name, ...place(tile)];
  return place(tile);
}

// Nodes are moved only where their order changed, so that focus stays.
function order() {
  const wanted = tiles().sort(before);
  const held = document.activeElement;
  wanted.forEach((tile, index) => { if (list().children[index] !== tile) list().insertBefore(tile, list().children[index]); });
  if (held && held !== document.activeElement && list().contains(held)) held.focus({ preventScroll: true });
}

function counts() {
  const number = new Map();
  tiles().forEach((tile) => number.set(tile.dataset.state, (number.get(tile.dataset.state) || 0) + 1));
  Array.from(filter.options).forEach((option) => {
    if (option.value) option.textContent = option.textContent.replace(/\(\d+\)/, `(${number.get(option.value) || 0})`);
  });
}

function apply() {
  if (!list()) return;
  order();
  tiles().forEach((tile) => { tile.hidden = !matches(tile); pick(tile).checked = picked.has(tile.dataset.key); });
  const narrowed = Boolean(filter.value || find.value.trim());
  document.querySelector("[data-found]").textContent = narrowed ? `${shown().length} of ${tiles().length} seats` : "";
  counts();
  rove();
  tell();
}

function tell() {
  const words = document.querySelector("[data-picked]");
  if (!words) return;
  const here = new Set(tiles().map((tile) => tile.dataset.key));
  Array.from(picked).filter((one) => !here.has(one)).forEach((one) => picked.delete(one));
  const bar = document.getElementById("acts");
  bar.dataset.scripted = "";
  bar.toggleAttribute("data-some", picked.size > 0 || Boolean(which?.value));
  words.textContent = picked.size ? `${picked.size} selected` : "Tick seats to act on them.";
}

// One tile takes part in the order of the tab key; the arrow keys choose which.
function rove() {
  const here = shown();
  const now = here.find((tile) => tile.dataset.key === current) || here[0];
  tiles().forEach((tile) => tile.querySelectorAll(".tile-pick, .tile-link").forEach((node) => {
    node.tabIndex = tile === now ? 0 : -1;
  }));
}

function neighbour(tile, keyName) {
  const here = shown();
  const at = here.indexOf(tile);
  if (keyName === "ArrowLeft") return here[at - 1];
  if (keyName === "ArrowRight") return here[at + 1];
  if (keyName === "Home") return here[0];
  if (keyName === "End") return here[here.length - 1];
  const box = tile.getBoundingClientRect();
  const up = keyName === "ArrowUp";
  const rows = here.filter((one) => {
    const top = one.getBoundingClientRect().top;
    return up ? top < box.top - 2 : top > box.top + 2;
  });
  const edge = rows.reduce((best, one) => {
    const top = one.getBoundingClientRect().top;
    return best === null || (up ? top > best : top < best) ? top : best;
  }, null);
  return rows.filter((one) => Math.abs(one.getBoundingClientRect().top - edge) < 2)
    .sort((one, other) => Math.abs(one.getBoundingClientRect().left - box.left) - Math.abs(other.getBoundingClientRect().left - box.left))[0];
}

document.addEventListener("keydown", (event) => {
  const tile = event.target.closest?.("#tiles > .tile");
  if (!tile || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target === pick(tile)) { event.preventDefault(); tile.querySelector(".tile-link").click(); return; }
  if (event.key === " " && event.target !== pick(tile)) { event.preventDefault(); pick(tile).click(); return; }
  if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  const next = neighbour(tile, event.key);
  if (!next) return;
  current = next.dataset.key;
  rove();
  pick(next).focus();
});
document.addEventListener("focusin", (event) => {
  const tile = event.target.closest?.("#tiles > .tile");
  if (tile && tile.dataset.key !== current) { current = tile.dataset.key; rove(); }
});

// Shift and click picks a range.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".tile-pick");
  if (!box) return;
  const here = shown().map(pick);
  if (event.shiftKey && last && here.includes(last)) {
    const [from, to] = [here.indexOf(last), here.indexOf(box)].sort((a, b) => a - b);
    here.slice(from, to + 1).forEach((one) => { one.checked = box.checked; note(one); });
  }
  last = box;
});
const note = (box) => { if (box.checked) picked.add(box.value); else picked.delete(box.value); };
document.addEventListener("change", (event) => {
  if (event.target.matches(".tile-pick")) { note(event.target); tell(); }
  if (event.target === which && which.value) {
    picked.clear();
    tiles().filter((tile) => isOf(tile, which.value)).forEach((tile) => picked.add(tile.dataset.key));
    // Everybody is also who comes later: the word goes with the form. Any other word is these seats, as they are now.
    if (which.value !== "all") which.value = "";
    apply();
  } else if (event.target.matches(".tile-pick") && which) which.value = "";
  if (event.target === filter || event.target === sort) apply();
});
find?.addEventListener("input", apply);
document.getElementById("filters")?.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
document.querySelector("[data-no-script]")?.setAttribute("hidden", "");

let waiting = 0;
document.body.addEventListener("live-swapped", (event) => {
  if (event.detail.name !== "board:changed" || waiting) return;
  waiting = requestAnimationFrame(() => { waiting = 0; apply(); });
});
// A seat that is not here yet, or one that went: the whole is fetched, once for many.
let due = 0;
document.body.addEventListener("board:changed", () => {
  if (due) return;
  due = setTimeout(() => { due = 0; document.body.dispatchEvent(new CustomEvent("board:refetch")); }, 500 + Math.random() * 500);
});
document.body.addEventListener("bulk-done", () => { picked.clear(); if (which) which.value = ""; apply(); });
document.body.addEventListener("htmx:afterSwap", () => { apply(); cue(); });

document.body.addEventListener("board:pulse", (event) => {
  Object.entries(event.detail.seats || {}).forEach(([id, [cpu, gpu, seen]]) => {
    const tile = document.getElementById(`seat-${id}`);
    if (!tile) return;
    for (const [name, load] of [["cpu", cpu], ["gpu", gpu]]) {
      const bar = tile.querySelector(`[data-load="${name}"]`);
      if (bar && load !== null) bar.value = load;
    }
    const time = tile.querySelector("[data-seen] time");
    if (time && seen !== null && Date.parse(time.dateTime) < seen * 1000) time.dateTime = new Date(seen * 1000).toISOString();
  });
});

// A new call is in the queue, in the page's title, and, for who wants it, to be heard.
const title = document.title;
let known = new Set(Array.from(document.querySelectorAll("[data-call]")).map((one) => one.dataset.call));
function cue() {
  const box = document.querySelector("[data-cue-box]");
  if (box) {
    box.hidden = false;
    box.querySelector("input").checked = localStorage.getItem("board-cue") === "1";
  }
  const now = Array.from(document.querySelectorAll("[data-call]")).map((one) => one.dataset.call);
  if (now.some((one) => !known.has(one)) && localStorage.getItem("board-cue") === "1") sound();
  known = new Set(now);
  document.title = now.length ? `(${now.length}) ${title}` : title;
}
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-cue]")) { localStorage.setItem("board-cue", event.target.checked ? "1" : "0"); if (event.target.checked) sound(); }
});
function sound() {
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    const loud = audio.createGain();
    tone.connect(loud).connect(audio.destination);
    tone.frequency.value = 660;
    loud.gain.setValueAtTime(0.08, audio.currentTime);
    loud.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.4);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
  } catch { /* no sound here: the queue shows it all the same */ }
}
apply();
cue();
