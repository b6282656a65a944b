// Choosing people of the roster: a page at once, how many, and the choice outlives a list that was fetched anew.
const chosen = new Set();

function boxes() {
  return [...document.querySelectorAll("#roster input[name=learner]")];
}

function say() {
  const note = document.querySelector("#roster [data-chosen]");
  if (!note) return;
  const all = document.querySelector("#roster input[name=all]")?.checked;
  note.textContent = all || chosen.size === 0 ? "" : `${chosen.size} chosen`;
}

function restore() {
  const shown = boxes();
  const there = new Set(shown.map((box) => box.value));
  [...chosen].filter((id) => !there.has(id)).forEach((id) => chosen.delete(id));
  shown.forEach((box) => { box.checked = chosen.has(box.value); });
  say();
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.closest?.("#roster")) return;
  if (box.matches("[data-all]")) {
    boxes().forEach((one) => {
      one.checked = box.checked;
      if (box.checked) chosen.add(one.value); else chosen.delete(one.value);
    });
  } else if (box.name === "learner") {
    if (box.checked) chosen.add(box.value); else chosen.delete(box.value);
  }
  say();
});
document.body.addEventListener("htmx:afterSettle", restore);
