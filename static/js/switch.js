// The menu of allocations: how each cloud stands is fetched when it opens; a search hides what does not fit.
const menu = document.querySelector("[data-switch]");
const search = menu?.querySelector("[data-switch-search]");

function words() {
  return (search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
}

function filter() {
  const wanted = words();
  let shown = 0;
  menu.querySelectorAll(".switch-places section").forEach((place) => {
    const where = (place.dataset.place ?? place.querySelector("h2").textContent).toLowerCase();
    let here = 0;
    place.querySelectorAll("li").forEach((item) => {
      const told = `${where} ${(item.dataset.name ?? item.textContent).toLowerCase()}`;
      item.hidden = !wanted.every((word) => told.includes(word));
      if (!item.hidden) here += 1;
    });
    const empty = place.querySelectorAll("li").length === 0;
    place.hidden = wanted.length > 0 && here === 0 && !(empty && wanted.every((word) => where.includes(word)));
    shown += place.hidden ? 0 : 1;
  });
  menu.querySelector("[data-switch-none]").hidden = shown > 0 || wanted.length === 0;
}

function opened() {
  menu.querySelector(".switch-places").dispatchEvent(new CustomEvent("switch-open"));
  search?.focus();
}

if (menu) {
  menu.addEventListener("toggle", () => { if (menu.open) opened(); });
  // The rest of the menu stays as it is, so what had the focus in the list gets it back by its address.
  let focused = "";
  menu.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.getAttribute("href") ?? ""; });
  menu.addEventListener("htmx:afterSwap", () => {
    if (focused && !menu.contains(document.activeElement)) {
      menu.querySelector(`.switch-places a[href="${CSS.escape(focused)}"]`)?.focus();
    }
    filter();
  });
  search?.addEventListener("input", filter);
  search?.form.addEventListener("submit", (event) => {
    const first = menu.querySelector(".switch-places section:not([hidden]) li:not([hidden]) a");
    if (!first) return;
    event.preventDefault();
    first.click();
  });
}
