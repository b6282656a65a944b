// Time left counts down from the server's clock: what this computer's clock shows does not matter.
const WARNINGS = [15, 5, 1];
const begun = new WeakMap();
const said = new Set();

// As `clock.left.in_words`, to the second in the last minute.
function words(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86400), hours = Math.floor(whole / 3600) % 24, minutes = Math.floor(whole / 60) % 60;
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

function secondsOf(node) {
  if (!begun.has(node)) {
    const left = (Date.parse(node.dataset.left) - Date.parse(node.dataset.leftNow)) / 1000;
    begun.set(node, { left, at: Date.now(), before: left });
  }
  const known = begun.get(node);
  return { known, seconds: known.left - (Date.now() - known.at) / 1000 };
}

// Told when a limit is crossed while the page is open; several of these on one page tell once.
function warn(node, before, now) {
  const crossed = WARNINGS.filter((minutes) => before > minutes * 60 && now <= minutes * 60);
  if (!crossed.length || now <= 0) return;
  const minutes = Math.min(...crossed), key = `${node.dataset.left} ${minutes}`;
  if (said.has(key)) return;
  said.add(key);
  const what = node.querySelector("[data-left-words]")?.textContent ?? "";
  const text = `${what} in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { toasts: [{ level: "warning", text }] } }));
}

function tick() {
  for (const node of document.querySelectorAll("[data-left]")) {
    const { known, seconds } = secondsOf(node);
    if (Number.isNaN(seconds)) continue;
    const span = node.querySelector("[data-left-span]");
    const text = seconds > 0 ? words(Math.ceil(seconds)) : "a moment";
    if (span && span.textContent !== text) span.textContent = text;
    if ("leftWarns" in node.dataset) {
      node.classList.toggle("time-left-soon", seconds <= WARNINGS[0] * 60);
      warn(node, known.before, seconds);
    }
    // It is over: whoever shows it fetches what comes next.
    if (known.before > 0 && seconds <= 0) document.body.dispatchEvent(new CustomEvent("time-left:over", { bubbles: true }));
    known.before = seconds;
  }
}

tick();
setInterval(tick, 1000);
document.body.addEventListener("htmx:afterSettle", tick);
document.body.addEventListener("live-swapped", tick);
