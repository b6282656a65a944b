// A recording as asciicast v2: read line by line as it arrives, and where each moment of it is.

// Every entry: when (seconds), what (o: output, r: new size, m: marker), and its text. Damaged lines are left out.
export function entryOf(line) {
  let found;
  try { found = JSON.parse(line); } catch { return null; }
  const [when, what, text] = Array.isArray(found) ? found : [];
  return Number.isFinite(when) && typeof what === "string" && typeof text === "string" ? { when, what, text } : null;
}

export function headerOf(line) {
  let found;
  try { found = JSON.parse(line); } catch { return null; }
  const within = (value, most) => Number.isInteger(value) && value > 0 && value <= most;
  return found?.version === 2 && within(found.width, 1000) && within(found.height, 500) ? found : null;
}

export function sizeOf(text) {
  const [, cols, rows] = /^(\d{1,4})x(\d{1,3})$/.exec(text) || [];
  return cols > 0 && rows > 0 && cols <= 1000 && rows <= 500 ? { cols: Number(cols), rows: Number(rows) } : null;
}

// `onProgress(entries)` now and then. Returns {header, entries}; throws where there is no recording.
export async function fetchCast(address, onProgress) {
  const answer = await fetch(address, { headers: { Accept: "application/x-asciicast" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const lines = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const cast = { header: null, entries: [] };
  let rest = "";
  for (;;) {
    const { value, done } = await lines.read();
    const parts = (rest + (value || "")).split("\n");
    rest = done ? "" : parts.pop();
    for (const line of parts) take(cast, line);
    onProgress(cast.entries.length);
    if (done) break;
  }
  if (!cast.header) throw new Error("empty");
  return cast;
}

function take(cast, line) {
  if (!line) return;
  if (!cast.header) { cast.header = headerOf(line); return; }
  const entry = entryOf(line);
  if (!entry) return;
  // A clock that was set back while it was recorded must not turn the replay round.
  entry.when = Math.max(entry.when, cast.entries.at(-1)?.when ?? 0);
  cast.entries.push(entry);
}

// When each entry is shown: as it was, or with no pause longer than `longest` seconds.
export function timeline(entries, longest = Infinity) {
  const times = new Float64Array(entries.length);
  let before = 0;
  let at = 0;
  entries.forEach((entry, place) => {
    at += Math.min(Math.max(entry.when - before, 0), longest);
    before = entry.when;
    times[place] = at;
  });
  return times;
}

// How many entries have been shown at that moment.
export function placeAt(times, moment) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((value, place) => (place ? String(value).padStart(2, "0") : String(value))).join(":");
}
