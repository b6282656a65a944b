// Menus are <details>: here they close on Escape, on a click elsewhere and when another opens, and arrows move in them.
function openMenus() {
  return document.querySelectorAll("details.menu[open]");
}

function shut(menu, refocus) {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  openMenus().forEach((menu) => { if (!menu.contains(event.target)) shut(menu); });
  const inside = event.target.closest("details.menu .menu-sheet a, details.menu .menu-sheet button");
  if (inside && !inside.closest("[data-theme-choice]")) shut(inside.closest("details.menu"));
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  if (event.key === "Escape") { event.preventDefault(); shut(menu, true); return; }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const items = Array.from(menu.querySelectorAll(".menu-sheet a, .menu-sheet button:not([disabled])"))
    .filter((item) => !item.closest("[hidden]"));
  const step = event.key === "ArrowDown" ? 1 : -1;
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) shut(menu);
});
