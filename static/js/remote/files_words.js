// How names travel, and how sizes and times are said.
const CODER = new TextEncoder();

// A name as the server's `paths.text_of` has it: what would get lost in a URL or a form stands as %XX.
export function escapeName(name) {
  return Array.from(name, (letter) => {
    if (/[\ud800-\udfff]/.test(letter) && letter.length === 1) return "\ufffd";
    if (!/[%\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(letter)) return letter;
    return Array.from(CODER.encode(letter), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
  }).join("");
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB", "PB"];
export function sizeWords(bytes) {
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < UNITS.length - 1) { amount /= 1024; unit += 1; }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)}\u00a0${UNITS[unit]}`;
}

export function timeWords(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const left = Math.ceil(seconds);
  if (left < 60) return `${left} s left`;
  if (left < 3600) return `${Math.ceil(left / 60)} min left`;
  return `${Math.floor(left / 3600)} h ${Math.ceil((left % 3600) / 60)} min left`;
}

// Names one state of a file of this computer: FNV-1a over its size and time, as 16 hexadecimal digits.
export function markOf(file) {
  let hash = 0xcbf29ce484222325n;
  for (const letter of `${file.size}:${file.lastModified}`) {
    hash = ((hash ^ BigInt(letter.charCodeAt(0))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}

export function randomText() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// "data (2).tar.gz" out of "data.tar.gz"; folders above stay.
export function numbered(relative, number) {
  const [, above, stem, ending] = /^(.*\/)?([^/]+?)((?:\.tar)?\.[^./]+)?$/s.exec(relative) || [null, "", relative, ""];
  return `${above || ""}${stem} (${number})${ending || ""}`;
}
