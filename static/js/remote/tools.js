// What the buttons of a terminal do that needs no shell: download, full screen, following links, telling the keys.
import { clone, plain } from "./markup.js";
import { confirm } from "./confirm.js";

// The whole of what scrolled by, and the screen; lines that were broken at the edge are one again.
export function textOf(terminal) {
  const buffer = terminal.buffer.normal;
  const lines = [];
  for (let at = 0; at < buffer.length; at += 1) {
    const line = buffer.getLine(at);
    const next = buffer.getLine(at + 1);
    const text = line.translateToString(!next?.isWrapped);
    if (line.isWrapped && lines.length) lines[lines.length - 1] += text;
    else lines.push(text);
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

export function download(terminal, name) {
  const link = document.createElement("a");
  const stamp = new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-");
  link.download = `${name.replace(/[^\w.-]+/g, "_")}-shell-${stamp}.txt`;
  link.href = URL.createObjectURL(new Blob([textOf(terminal)], { type: "text/plain;charset=utf-8" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The machine chose the address, and may have hidden it behind other words: it is shown whole before it is opened.
export async function followLink(text) {
  let url;
  try { url = new URL(text); } catch { return; }
  if (url.protocol !== "https:" && url.protocol !== "http:") return;
  const answer = await confirm({
    title: `Open ${plain(url.host, 100)}?`, words: "The machine printed this link. It opens in a new tab, outside the portal.",
    shown: plain(url.href, 2000), buttons: [["", "Cancel"], ["open", "Open the link", "btn-primary"]],
  });
  if (answer === "open") window.open(url.href, "_blank", "noopener,noreferrer");
}

// Its own bar goes along, wherever the dock keeps it.
export async function fullScreen(element, bar) {
  if (document.fullscreenElement) { await document.exitFullscreen(); return; }
  const home = bar.parentElement;
  element.prepend(bar);
  const button = bar.querySelector('[data-do="full"]');
  try {
    await element.requestFullscreen();
  } catch {
    home.append(bar);
    return;
  }
  button.setAttribute("aria-pressed", "true");
  const back = () => {
    if (document.fullscreenElement) return;
    document.removeEventListener("fullscreenchange", back);
    button.setAttribute("aria-pressed", "false");
    if (home !== element) home.append(bar);
  };
  document.addEventListener("fullscreenchange", back);
}

export function shortcuts() {
  return confirm({ title: "Keys of this terminal", content: clone("terminal-shortcuts"), buttons: [["", "Close", "btn-primary"]] });
}
