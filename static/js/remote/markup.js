// Markup that the server rendered into <template>s, and where things of a machine are.
const NOBODY = "00000000-0000-0000-0000-000000000000";

export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

// `what`: open, page and machine by a machine's id; end and share by a session's. Empty where the portal has no such page.
export function address(what, id) {
  const template = document.getElementById("terminal-markup").dataset[what];
  return template ? template.replace(NOBODY, id) : "";
}

export function toast(level, text) {
  document.body.dispatchEvent(new CustomEvent("toast", { detail: { toasts: [{ level, text }] } }));
}

// Words that a machine chose, fit to be shown among ours: one line, nothing that turns or hides text.
export function plain(text, most = 80) {
  return Array.from(String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, "").replace(/\s+/g, " ").trim()).slice(0, most).join("");
}
