// The page of one machine: newer status arrives by the socket; actions, facts and timeline are this viewer's own and are fetched.
let due = 0;

function refetch() {
  clearTimeout(due);
  due = setTimeout(() => document.body.dispatchEvent(new CustomEvent("machine:changed")), 300 + Math.random() * 300);
}

document.body.addEventListener("live-swapped", refetch);
document.body.addEventListener("instance:changed", refetch);
document.body.addEventListener("operation-changed", refetch);
document.body.addEventListener("live-back", refetch);

// Menus that are open and steps that are unfolded stay so when their part is fetched again.
const kept = new Set();
document.body.addEventListener("htmx:beforeSwap", (event) => {
  event.detail.target.querySelectorAll?.("details[open][data-keep]").forEach((one) => kept.add(one.dataset.keep));
});
document.body.addEventListener("htmx:afterSwap", (event) => {
  event.detail.target.querySelectorAll?.("details[data-keep]").forEach((one) => { if (kept.has(one.dataset.keep)) one.open = true; });
  kept.clear();
});

// A console log is read from its end.
function toEnd() {
  const log = document.querySelector("[data-log]");
  if (log) log.scrollTop = log.scrollHeight;
}
document.body.addEventListener("htmx:afterSettle", toEnd);
toEnd();
