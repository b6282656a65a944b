// Shells beside the page: a link with data-shell opens here. Small, for it is on every page; the rest is fetched at first use.
// What is open is remembered for this tab of the browser, by the ids of the sessions, so that other pages take it up again.
const KEY = "remote.dock";
const from = document.querySelector("script[data-dock-from]").dataset.dockFrom;
const narrow = matchMedia("(max-width: 40rem), (max-height: 26rem)");
let dock = null;

async function fetched() {
  const answer = await fetch(from, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) throw new Error(String(answer.status));
  document.body.insertAdjacentHTML("beforeend", await answer.text());
  const { Dock } = await import("./dockpanel.js");
  return new Dock(document.getElementById("dock"), KEY);
}

function load() {
  dock ??= fetched().catch((failure) => { dock = null; throw failure; });
  return dock;
}

function remembered() {
  try { return JSON.parse(sessionStorage.getItem(KEY)); } catch { return null; }
}

// On a phone there is no room beside: the link leads to the page of the shell, as it does without script.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-shell]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || narrow.matches) return;
  event.preventDefault();
  load().then((one) => one.open({ instance: link.dataset.shell, name: link.dataset.shellName }), () => { location.href = link.href; });
});

const before = remembered();
if (before?.tabs?.length) load().then((one) => one.restore(before), () => { /* the page works without; the shells wait */ });
