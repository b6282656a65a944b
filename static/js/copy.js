// Copy buttons exist only where copying works, and say when it was done.
function reveal(root) {
  if (!navigator.clipboard) return;
  root.querySelectorAll?.("button[data-copy][hidden]").forEach((button) => { button.hidden = false; });
}

async function copy(button) {
  const said = document.getElementById("toasts");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    document.body.dispatchEvent(new CustomEvent("toast", { detail: { toasts: [{ level: "warning", text: "The browser did not allow copying. Select the text and copy it by hand." }] } }));
    return;
  }
  button.dataset.done = "1";
  button.querySelector("use")?.setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, "#check"));
  const note = document.createElement("span");
  note.className = "visually-hidden";
  note.textContent = `${button.getAttribute("aria-label")}: done`;
  said.append(note);
  setTimeout(() => {
    note.remove();
    delete button.dataset.done;
    button.querySelector("use")?.setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, "#copy"));
  }, 1600);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
document.addEventListener("htmx:load", (event) => reveal(event.target));
document.body.addEventListener("live-swapped", () => reveal(document));
reveal(document);
