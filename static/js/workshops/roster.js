// Choosing people of the roster: a page at once, how many. Whom and what outlives a list that was fetched anew.
const chosen = new Set();
let what = "";
let all = false;
// "All that match" is said of one search, and of no other.
let searched = listAddress();

function listAddress() {
  return document.querySelector("#roster")?.getAttribute("hx-get") ?? "";
}

function boxes() {
  return [...document.querySelectorAll("#roster input[name=learner]")];
}

function say() {
  const note = document.querySelector("#roster [data-chosen]");
  if (!note) return;
  note.textContent = all || chosen.size === 0 ? "" : `${chosen.size} chosen`;
}

function restore() {
  const shown = boxes();
  const there = new Set(shown.map((box) => box.value));
  [...chosen].filter((id) => !there.has(id)).forEach((id) => chosen.delete(id));
  shown.forEach((box) => { box.checked = chosen.has(box.value); });
  const act = document.querySelector("#roster select[name=what]");
  if (act && [...act.options].some((one) => one.value === what)) act.value = what;
  if (searched !== listAddress()) {
    searched = listAddress();
    all = false;
  }
  const everybody = document.querySelector("#roster input[name=all]");
  if (everybody) everybody.checked = all;
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
  } else if (box.name === "what") {
    what = box.value;
  } else if (box.name === "all") {
    all = box.checked;
  }
  say();
});
document.body.addEventListener("htmx:afterSettle", restore);
