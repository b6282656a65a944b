// The clipboard: out by selecting, in by the person's own key or button. What has several lines is shown before it runs.
import { confirm } from "./confirm.js";
import { toast } from "./markup.js";

const SHOWN_LINES = 12;
const SHOWN_LETTERS = 120;

export function linesOf(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
}

// With bracketed paste a program gets it as one piece; without, each line end is the Enter key.
// Escapes are left out, or what is pasted could end the brackets itself and go on as keys.
export async function paste(terminal, given) {
  const text = given.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "");
  if (!text) return false;
  const lines = linesOf(text);
  const runs = /[\r\n]/.test(text);
  if (runs && !(await agreed(lines, terminal.modes.bracketedPasteMode))) return false;
  terminal.paste(text);
  return true;
}

async function agreed(lines, bracketed) {
  const many = lines.length === 1 ? "1 line that ends with Enter" : `${lines.length.toLocaleString("en")} lines`;
  const shown = lines.slice(0, SHOWN_LINES).map((line) => (line.length > SHOWN_LETTERS ? `${line.slice(0, SHOWN_LETTERS)}…` : line));
  if (lines.length > SHOWN_LINES) shown.push(`… and ${(lines.length - SHOWN_LINES).toLocaleString("en")} more`);
  const words = bracketed
    ? "The program in this shell takes it as one piece and waits for you."
    : "The program in this shell takes each line end as the Enter key: commands run at once.";
  const answer = await confirm({
    title: `Paste ${many}?`, words, shown: shown.join("\n").replace(/[^\P{C}\n\t]/gu, "␣"),
    buttons: [["", "Cancel"], ["paste", "Paste", "btn-primary"]],
  });
  return answer === "paste";
}

export async function pasteFromClipboard(terminal) {
  let text = null;
  try { text = await navigator.clipboard.readText(); } catch { /* not allowed: it is typed into a box instead */ }
  if (text === null) text = await byHand();
  return paste(terminal, text);
}

async function byHand() {
  const box = Object.assign(document.createElement("textarea"), { className: "form-control mono", rows: 5, autofocus: true });
  box.setAttribute("aria-label", "What to paste");
  const answer = await confirm({
    title: "Paste here", words: "The browser does not let this page read the clipboard. Paste into this box.", content: box,
    buttons: [["", "Cancel"], ["paste", "On to the shell"]],
  });
  return answer === "paste" ? box.value : "";
}

export async function copy(text, silent = false) {
  if (!text) return false;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    if (!silent) toast("warning", "The browser did not allow copying. Use its own menu, or Ctrl+C.");
    return false;
  }
  return true;
}
