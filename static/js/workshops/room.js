// The screen of a room: one fetch for many changes, and no sleep while it is shown.
const LEAST_GAP = 2000;
let due = 0;
let before = 0;

function refetchSoon() {
  if (due) return;
  due = setTimeout(() => {
    due = 0;
    before = Date.now();
    document.body.dispatchEvent(new CustomEvent("board:room"));
  }, Math.max(300, before + LEAST_GAP - Date.now()));
}
for (const name of ["board:changed", "board:counts"]) document.body.addEventListener(name, refetchSoon);

async function stayAwake() {
  if (!("wakeLock" in navigator) || document.visibilityState !== "visible") return;
  try { await navigator.wakeLock.request("screen"); } catch { /* refused: the computer's own settings hold */ }
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

const full = document.querySelector("[data-full]");
if (full && document.fullscreenEnabled) {
  full.hidden = false;
  full.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
}
