// Dialogs that htmx loads into #dialog, toasts, and what to say when no answer comes.
const dialog = document.getElementById("dialog");
const problems = document.getElementById("problems");
const TOAST_MS = 8000;

function open() {
  if (!dialog.open) dialog.showModal();
  const first = dialog.querySelector("[autofocus]") || dialog.querySelector("input:not([type=hidden]), select, .btn-primary");
  first?.focus();
}

// Emptied at once: a swap that follows in the same turn must not find the old content and open it again.
function close() {
  if (dialog.open) dialog.close();
  dialog.replaceChildren();
}

function toast({ level, text, url, label }) {
  const note = document.createElement("div");
  note.className = `note note-${level} toast-note`;
  const words = document.createElement("p");
  words.textContent = text;
  // Only to a page of ours.
  if (url && /^\/(?!\/)/.test(url)) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = label;
    words.append(" ", link);
  }
  const shut = document.createElement("button");
  shut.type = "button";
  shut.className = "note-close";
  shut.dataset.dismiss = "";
  shut.setAttribute("aria-label", "Close this message");
  shut.textContent = "×";
  note.append(words, shut);
  document.getElementById("toasts").append(note);
  const leave = () => { if (note.matches(":hover, :focus-within")) setTimeout(leave, 2000); else note.remove(); };
  if (level !== "danger") setTimeout(leave, url ? 3 * TOAST_MS : TOAST_MS);
}

function noAnswer() {
  close();
  problems.replaceChildren(document.getElementById("no-answer").content.cloneNode(true));
  problems.focus();
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === dialog && dialog.firstElementChild) open();
  if (event.detail.target === problems) { close(); problems.scrollIntoView({ block: "nearest" }); }
});
// A fetch by the clock that fails is told by the live state, not by a message over what a person is reading.
function asked(event) {
  const cause = event.detail.requestConfig?.triggeringEvent?.type;
  return cause === "click" || cause === "submit" || cause === "change";
}
document.body.addEventListener("htmx:sendError", (event) => { if (asked(event)) noAnswer(); });
document.body.addEventListener("htmx:timeout", (event) => { if (asked(event)) noAnswer(); });
document.body.addEventListener("toast", (event) => (event.detail.toasts || []).forEach(toast));
// Later: htmx fires the other events of the answer at the form that sent it, and they must still find their way up.
document.body.addEventListener("close-dialog", () => setTimeout(close));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest(".note").remove();
  if (event.target.closest("[data-close]") && dialog.open) { event.preventDefault(); close(); }
  if (event.target === dialog) close();
});
dialog.addEventListener("close", () => { if (!dialog.open) dialog.replaceChildren(); });
// The button of a form that asks for a name or a number wakes when what was typed is right.
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-must-equal]");
  const button = field?.form?.querySelector("[data-waits]");
  if (button) button.disabled = field.value.trim() !== field.dataset.mustEqual;
});
document.addEventListener("htmx:load", (event) => arm(event.target));
function arm(root) {
  root.querySelectorAll?.("[data-must-equal]").forEach((field) => {
    const button = field.form.querySelector("[data-waits]");
    if (button) button.disabled = field.value.trim() !== field.dataset.mustEqual;
  });
}
arm(document);
// A link that acts as a button answers to the space bar as buttons do.
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("a[role=button]")) { event.preventDefault(); event.target.click(); }
});
// Nobody sends one form twice by a double click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  // Where the answer comes in a tab of its own, this page stays, and may send the form again.
  if (form.target === "_blank") setTimeout(() => delete form.dataset.sent, 1500);
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));
