// The launch form: sizes that a system does not run on, searching images, and the buttons that need a script.
const form = document.getElementById("launch");

function reveal() {
  document.querySelectorAll("[data-script], [data-image-search]").forEach((node) => { node.hidden = false; });
  document.querySelectorAll("[data-no-script]").forEach((node) => { node.hidden = true; });
}

// A size that the chosen version does not run on cannot be chosen with it; the server says the same.
function fitSizes() {
  const image = form.querySelector("input[name=image_id]:checked");
  const only = image?.dataset.sizes?.split(" ");
  form.querySelectorAll("input[name=flavor_id]").forEach((size) => {
    if (size.closest(".size-off")) return;
    const fits = !only || only.includes(size.value);
    size.disabled = !fits;
    size.closest("tr").classList.toggle("size-unfit", !fits);
    if (!fits && size.checked) size.checked = false;
  });
}

function searchImages(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  form.querySelectorAll(".images .pick").forEach((image) => {
    const text = image.textContent.toLowerCase();
    image.hidden = !wanted.every((word) => text.includes(word));
  });
}

// Typing a size of volume, or choosing a held address, chooses the line that it stands in.
function chooseLine(target) {
  const radio = target.closest(".pick")?.querySelector("input[type=radio]");
  if (radio && target !== radio) radio.checked = true;
}

// The cloud's offer was read at last, or it changed: what is chosen stays, its cost and quota are worked out again.
let due = 0;
function again() {
  clearTimeout(due);
  due = setTimeout(() => {
    if (form) form.dispatchEvent(new Event("change", { bubbles: true }));
    else location.reload();
  }, 800 + Math.random() * 800);
}
document.body.addEventListener("instances:catalogue", again);
if (form) ["allocation:changed", "instances:changed"].forEach((name) => document.body.addEventListener(name, again));

if (form) {
  reveal();
  fitSizes();
  form.addEventListener("change", (event) => {
    if (event.target.name === "image_id") fitSizes();
    if (event.target.name === "floating_ip_id") chooseLine(event.target);
  });
  form.addEventListener("input", (event) => {
    if (event.target.name === "boot_volume_gb") chooseLine(event.target);
    if (event.target.closest("[data-image-search]")) { event.stopPropagation(); searchImages(event.target.value); }
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    reveal();
    if (event.detail.target.id === "name-box" || event.detail.target.id === "launch-key") {
      form.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  document.querySelector("[data-first]")?.focus();
}
