// Ages, countdowns and progress bars move by the clock of the page.
const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

function span(seconds) {
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function age(node, now) {
  const seconds = (now - Date.parse(node.dateTime)) / 1000;
  if (Number.isNaN(seconds)) return;
  if (node.dataset.age !== undefined) setText(node, span(seconds));
  else setText(node, seconds < 5 ? "just now" : `${span(seconds)} ago`);
}

function countdown(node, now) {
  const seconds = (Date.parse(node.dateTime) - now) / 1000;
  if (!Number.isNaN(seconds)) setText(node, seconds > 0 ? span(seconds) : "now");
}

// A bar nears its end as the usual time goes by and never claims to be there: past that time it turns to "late".
function progress(bar, now) {
  const gone = (now - Date.parse(bar.dataset.since)) / 1000;
  const usual = Number(bar.dataset.usual);
  if (Number.isNaN(gone) || !usual) return;
  const share = gone <= usual ? 0.9 * (gone / usual) : 0.9 + 0.09 * (1 - usual / gone);
  bar.value = Math.max(2, Math.round(share * 1000) / 10);
  bar.classList.toggle("going-late", gone > usual * 1.5);
}

function tick() {
  const now = Date.now();
  document.querySelectorAll("time[data-ago], time[data-age]").forEach((node) => age(node, now));
  document.querySelectorAll("time[data-until]").forEach((node) => countdown(node, now));
  document.querySelectorAll("progress[data-since]").forEach((bar) => progress(bar, now));
}

tick();
setInterval(() => { if (!document.hidden) tick(); }, 1000);
document.body.addEventListener("htmx:afterSettle", tick);
document.body.addEventListener("live-swapped", tick);
