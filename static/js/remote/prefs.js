// What a person likes of the terminal: kept in this browser, none of it secret.
const KEY = "remote.terminal";
const DEFAULTS = { fontSize: 14, scrollback: 10000, palette: "auto", copyOnSelect: true, tmux: true, screenReader: false, keyBar: matchMedia("(pointer: coarse)").matches };
const LIMITS = { fontSize: [9, 32], scrollback: [0, 100000] };

function sound(name, value) {
  if (typeof value !== typeof DEFAULTS[name]) return DEFAULTS[name];
  const [least, most] = LIMITS[name] || [];
  return least === undefined ? value : Math.min(most, Math.max(least, Math.round(value)));
}

export function prefs() {
  let stored = {};
  try { stored = JSON.parse(localStorage.getItem(KEY)) || {}; } catch { /* private window, or not ours */ }
  return Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, sound(name, stored[name])]));
}

// Every terminal of this page hears of it by the event "terminal-prefs"; those of other tabs by "storage".
export function prefer(change) {
  const all = { ...prefs(), ...change };
  Object.keys(all).forEach((name) => { all[name] = sound(name, all[name]); });
  try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* for this page only */ }
  document.dispatchEvent(new CustomEvent("terminal-prefs", { detail: all }));
}

export function onPrefs(hear, signal) {
  document.addEventListener("terminal-prefs", (event) => hear(event.detail), { signal });
  document.addEventListener("theme-changed", () => hear(prefs()), { signal });
  window.addEventListener("storage", (event) => { if (event.key === KEY) hear(prefs()); }, { signal });
}
