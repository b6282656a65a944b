// Light, dark or as the system: before the first paint, so this is a plain script in the head.
(function () {
  "use strict";
  const root = document.documentElement;
  const KEY = "theme";

  function chosen() {
    try { return localStorage.getItem(KEY) || "auto"; } catch { return "auto"; }
  }

  function apply(value) {
    if (value === "light" || value === "dark") root.dataset.bsTheme = value;
    else delete root.dataset.bsTheme;
    document.querySelectorAll("[data-theme-value]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.themeValue === value));
    });
    document.dispatchEvent(new CustomEvent("theme-changed"));
  }

  apply(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-theme-choice]").forEach((choice) => { choice.hidden = false; });
    apply(chosen());
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-value]");
    if (!button) return;
    try { localStorage.setItem(KEY, button.dataset.themeValue); } catch { /* private window: for this page only */ }
    apply(button.dataset.themeValue);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(chosen()));
})();
