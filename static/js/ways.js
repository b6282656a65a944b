// Several ways to do one thing, one under the other: here they become tabs, and the way last chosen stays chosen.
const KEY = "way";

function chosen() {
  try { return localStorage.getItem(KEY); } catch { return null; }
}

function keep(way) {
  try { localStorage.setItem(KEY, way); } catch { /* then it is chosen for this page only */ }
}

let serial = 0;
function dress(box) {
  if (box.dataset.dressed) return;
  box.dataset.dressed = "1";
  const ways = Array.from(box.querySelectorAll(":scope > [data-way]"));
  const list = document.createElement("div");
  list.className = "way-tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "With which tool");
  ways.forEach((way) => {
    serial += 1;
    way.id = `way-${serial}`;
    way.setAttribute("role", "tabpanel");
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `${way.id}-tab`;
    tab.dataset.tab = way.dataset.way;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", way.id);
    tab.textContent = way.querySelector(".way-title").textContent;
    way.querySelector(".way-title").hidden = true;
    list.append(tab);
  });
  box.prepend(list);
  select(box, ways.some((way) => way.dataset.way === chosen()) ? chosen() : ways[0].dataset.way);
}

function select(box, wanted) {
  box.querySelectorAll(":scope > [data-way]").forEach((way) => { way.hidden = way.dataset.way !== wanted; });
  box.querySelectorAll(":scope > [role=tablist] > [role=tab]").forEach((tab) => {
    const on = tab.dataset.tab === wanted;
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
  });
}

function choose(tab) {
  keep(tab.dataset.tab);
  document.querySelectorAll("[data-ways][data-dressed]").forEach((box) => select(box, tab.dataset.tab));
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-ways] [role=tab]");
  if (tab) choose(tab);
});
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[data-ways] [role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = Array.from(tab.parentElement.children);
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
  event.preventDefault();
});

function dressAll(root) {
  if (root.matches?.("[data-ways]")) dress(root);
  root.querySelectorAll?.("[data-ways]").forEach(dress);
}
document.addEventListener("htmx:load", (event) => dressAll(event.target));
dressAll(document);
