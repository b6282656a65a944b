// The form of a workshop: spares follow seats until somebody sets them, sizes follow the image, images can be searched.
const form = document.getElementById("workshop");
const seats = form?.querySelector("[name=seats]");
const spares = form?.querySelector("[data-spares]");

const suggested = (count) => (count > 0 ? Math.max(1, Math.ceil(count / 20)) : 0);
let before = Number(seats?.value) || 0;

// Only a number that was suggested is replaced.
function follow() {
  const now = Number(seats.value) || 0;
  if (Number(spares.value) === suggested(before)) spares.value = suggested(now);
  before = now;
}

function fitSizes() {
  const only = form.querySelector("input[name=image_id]:checked")?.dataset.sizes?.split(" ");
  form.querySelectorAll("input[name=flavor_id]").forEach((size) => {
    const fits = !only || only.includes(size.value);
    size.disabled = !fits;
    size.closest("tr").classList.toggle("size-unfit", !fits);
  });
}

function searchImages(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  form.querySelectorAll(".images .pick").forEach((image) => {
    const text = image.textContent.toLowerCase();
    image.hidden = !wanted.every((word) => text.includes(word));
  });
}

if (form) {
  document.querySelectorAll("[data-no-script]").forEach((node) => { node.hidden = true; });
  document.querySelectorAll("[data-image-search]").forEach((node) => { node.hidden = false; });
  fitSizes();
  form.addEventListener("change", (event) => { if (event.target.name === "image_id") fitSizes(); });
  form.addEventListener("input", (event) => {
    if (event.target === seats && spares) follow();
    if (event.target.closest("[data-image-search]")) { event.stopPropagation(); searchImages(event.target.value); }
  });
  document.querySelector("[data-first]")?.focus();
}
