// Picking machines, and keeping picks, focus and open menus while the list is fetched again.
const picked = new Set();

const list = () => document.getElementById("list");
const boxes = () => Array.from(document.querySelectorAll("input[form=bulk][name=id]"));
const everything = () => document.querySelector("[data-all-box] input");

function count() {
  return everything()?.checked ? Number(document.getElementById("bulk").dataset.total) : picked.size;
}

function show() {
  const bar = document.getElementById("bulk");
  if (!bar) return;
  const here = boxes();
  const ticked = here.filter((box) => box.checked).length;
  const all = document.querySelector("[data-pick-all]");
  all.hidden = false;
  all.checked = here.length > 0 && ticked === here.length;
  all.indeterminate = ticked > 0 && ticked < here.length;
  const more = Number(bar.dataset.total) > here.length;
  bar.querySelector("[data-all-box]").hidden = !(more && all.checked);
  if (!(more && all.checked) && everything()) everything().checked = false;
  bar.toggleAttribute("data-none", count() === 0);
  bar.querySelector("[data-picked]").textContent =
    count() === 0 ? "Tick machines to act on several at once." : `${count()} selected`;
}

function restore() {
  const here = new Set();
  boxes().forEach((box) => { here.add(box.value); box.checked = picked.has(box.value); });
  Array.from(picked).filter((id) => !here.has(id)).forEach((id) => picked.delete(id));
  show();
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.matches("[data-pick-all]")) boxes().forEach((one) => { one.checked = box.checked; });
  else if (!box.matches("input[form=bulk][name=id]") && box !== everything()) return;
  boxes().forEach((one) => { if (one.checked) picked.add(one.value); else picked.delete(one.value); });
  show();
});

// Shift and click picks a range.
let last = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest("input[form=bulk][name=id]");
  if (!box) return;
  const here = boxes();
  if (event.shiftKey && last && here.includes(last)) {
    const [from, to] = [here.indexOf(last), here.indexOf(box)].sort((a, b) => a - b);
    here.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  last = box;
});

// A refetch by the clock waits while a menu of the list is open.
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const byClock = event.target === list() && event.detail.requestConfig?.triggeringEvent?.type !== "click";
  if (!byClock || !list().querySelector("details.menu[open]")) return;
  event.preventDefault();
  setTimeout(() => document.body.dispatchEvent(new CustomEvent("list:refetch")), 4000);
});

let focused = "";
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== list()) return;
  const node = list().contains(document.activeElement) ? document.activeElement : null;
  focused = node ? node.value || node.getAttribute("href") || "" : "";
});
document.body.addEventListener("htmx:afterSwap", () => {
  if (!list()) return;
  restore();
  if (!focused) return;
  const node = Array.from(list().querySelectorAll("a, input, button")).find(
    (one) => (one.value || one.getAttribute("href")) === focused);
  node?.focus({ preventScroll: true });
  focused = "";
});

// A change of a machine that is not in sight may still change this list. Many changes make one fetch, and the pages
// of many viewers do not fetch at the same moment.
const SOONEST = 600;
const LEAST_GAP = 3000;
let due = 0;
let before = 0;
function refetchSoon() {
  if (due) return;
  const wait = Math.max(SOONEST, before + LEAST_GAP - Date.now()) + Math.random() * SOONEST;
  due = setTimeout(() => {
    due = 0;
    before = Date.now();
    document.body.dispatchEvent(new CustomEvent("list:refetch"));
  }, wait);
}
document.body.addEventListener("instances:changed", refetchSoon);
document.body.addEventListener("instance:changed", refetchSoon);
document.body.addEventListener("instances:unread", refetchSoon);
document.body.addEventListener("live-swapped", (event) => {
  if (event.detail.deleted) refetchSoon();
  restore();
});
// After a bulk action was accepted nothing is picked any more.
document.body.addEventListener("bulk-done", () => { picked.clear(); restore(); });
restore();
