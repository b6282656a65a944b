// How a person likes desktops to be shown: kept in this browser, none of it secret.
const KEY = "remote.desktop";
const COARSE = matchMedia("(pointer: coarse)").matches;
const CHOICES = { size: ["follow", "fit", "own"], quality: ["auto", "low", "medium", "high"] };
const DEFAULTS = { size: COARSE ? "fit" : "follow", quality: "auto", keyBar: COARSE, clipboard: true };
// Of noVNC, 0 to 9 each: pictures, and the work that is put into making them small.
const LEVELS = { low: [2, 8], medium: [6, 3], high: [9, 1] };
const NEAR_MS = 40;
const FAR_MS = 130;

function sound(name, value) {
  if (typeof value !== typeof DEFAULTS[name]) return DEFAULTS[name];
  return CHOICES[name] && !CHOICES[name].includes(value) ? DEFAULTS[name] : value;
}

export function prefs() {
  let stored = {};
  try { stored = JSON.parse(localStorage.getItem(KEY)) || {}; } catch { /* private window, or not ours */ }
  return Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, sound(name, stored[name])]));
}

export function prefer(change) {
  try { localStorage.setItem(KEY, JSON.stringify({ ...prefs(), ...change })); } catch { /* for this page only */ }
}

// The least of three round trips to the portal, in milliseconds; null where it does not answer.
export async function roundTrip() {
  let least = null;
  for (let turn = 0; turn < 3; turn += 1) {
    const began = performance.now();
    try { await fetch(import.meta.url, { method: "HEAD", cache: "no-store" }); } catch { return least; }
    const took = performance.now() - began;
    least = least === null ? took : Math.min(least, took);
  }
  return least;
}

export function levels(quality, trip) {
  if (quality !== "auto") return LEVELS[quality];
  if (trip === null) return LEVELS.medium;
  if (trip < NEAR_MS) return LEVELS.high;
  return trip < FAR_MS ? LEVELS.medium : LEVELS.low;
}
