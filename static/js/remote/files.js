// The page of a machine's files. The server lists and changes; here is what a page has to do itself: moving about without
// leaving uploads, dropping, picking, and saying what stands in the way.
import { askPanel } from "./ask.js";
import { askConflict } from "./files_conflict.js";
import { fromDrop, fromInput } from "./files_dropped.js";
import { List } from "./files_list.js";
import { Queue } from "./files_queue.js";
import { FilesSession, NO_ANSWER } from "./files_session.js";
import { Tray } from "./files_tray.js";
import { escapeName } from "./files_words.js";
import { clone, part, toast } from "./markup.js";
import { repairButtons } from "./repairs.js";

const root = document.getElementById("files");
const session = new FilesSession(root);
const list = new List(root, session, { problem: (problem) => tellProblem(problem), act: (act, row) => act1(act, row) });
const queue = new Queue({ session, piece: Number(root.dataset.piece), conflict: askConflict });
const state = part(root, "state");
let leaving = false;
let again = 0;
new Tray(queue);

const dialog = (name, params) => window.htmx.ajax("GET", session.url(name, params), { target: "#dialog", swap: "innerHTML" });
const enabled = (on) => root.querySelectorAll(".files-tools button, .files-tools input").forEach((one) => { one.disabled = !on; });
const say = (words) => { document.querySelector('[data-part="said"]').textContent = words; };

// Loading and saying why not.
async function show({ quiet = false, push = false, unasked = false } = {}) {
  clearTimeout(again);
  if (!unasked && (!quiet || !list.element.firstElementChild)) going(`Connecting to ${root.dataset.name}`);
  const problem = await list.load({ quiet });
  if (problem) { tellProblem(problem, { first: !list.element.firstElementChild }); return; }
  state.replaceChildren();
  enabled(true);
  const address = `${root.dataset.page}?path=${encodeURIComponent(list.folder)}`;
  if (push) history.pushState({ path: list.folder }, "", address);
  else history.replaceState({ path: list.folder }, "", address);
  say(`${list.folderShown}, ${list.element.querySelector(".files-count").textContent.trim()}`);
}

function going(words) {
  if (list.element.firstElementChild) return;
  const shown = clone("files-going");
  part(shown, "words").textContent = `${words}…`;
  state.replaceChildren(shown);
}

function go(path, push = true) {
  list.path = path;
  part(root, "filter").value = "";
  return show({ push });
}

function tellProblem(problem, { first = false } = {}) {
  if (problem.id === "remote:needs-secret" || problem.id === "remote:secret-refused") { ask(problem); return; }
  // A machine that is still booting answers soon: nobody has to sit and click.
  const waits = Boolean(problem.retry_after) && !list.element.firstElementChild;
  clearTimeout(again);
  if (waits) again = setTimeout(() => show({ unasked: true }), problem.retry_after * 1000);
  if (waits && state.firstElementChild?.dataset.problem === problem.id) return;
  const panel = clone("files-problem");
  panel.dataset.problem = problem.id;
  part(panel, "waits").hidden = !waits;
  ["title", "what", "means", "todo"].forEach((name) => { part(panel, name).textContent = problem[name] || ""; });
  const facts = [problem.id, problem.detail].filter(Boolean).join(" · ");
  part(panel, "facts").hidden = !facts;
  part(panel, "id").textContent = facts;
  const retrying = part(panel, "again");
  const over = session.isOver(problem);
  retrying.textContent = over ? "Connect again" : "Try again";
  retrying.addEventListener("click", () => retry(problem));
  const repairs = repairButtons(problem.repairs || [], () => retry(problem));
  if (repairs.length) retrying.classList.remove("btn-primary");
  part(panel, "choices").prepend(...repairs);
  if (!first && !over && problem.id.startsWith("remote:") && /file|folder|path/.test(problem.id)) {
    part(panel, "choices").append(Object.assign(document.createElement("button"), { type: "button", className: "btn btn-quiet", textContent: "Back", onclick: () => history.back() }));
  }
  state.replaceChildren(panel);
  part(panel, "title").focus({ preventScroll: true });
}

async function retry(problem) {
  if (problem.id === "portal:sign-in") { location.reload(); return; }
  if (session.isOver(problem)) session.forget();
  if (["remote:no-file", "remote:not-folder", "remote:file-denied"].includes(problem.id) && !list.element.firstElementChild) list.path = "";
  await show();
  if (!state.firstElementChild) queue.uploads.filter((one) => one.state === "failed" && session.isOver(one.problem)).forEach((one) => queue.resume(one));
}

// A machine that takes no certificate of the portal.
function ask(problem) {
  const login = list.element.querySelector("[data-login]")?.dataset.login || root.dataset.login;
  const panel = askPanel({ what: "key", words: `${problem.what} ${problem.todo}`, login }, async ({ login: as, ...secret }) => {
    going("Signing in");
    const opened = await session.ensure(as === login ? "" : as);
    const answer = opened ? { ok: false, problem: opened } : await session.post("unlock", {}, secret);
    if (answer.ok) show(); else tellProblem(answer.problem);
  });
  state.replaceChildren(panel);
  part(panel, "title").focus({ preventScroll: true });
}

// What is done with one thing, or with all that are picked.
function act1(act, row) {
  const { path, name } = row.dataset;
  if (act === "preview") dialog("preview", { path });
  else if (act === "download") download(path);
  else if (act === "rename" || act === "permissions") dialog(act, { path });
  else if (act === "delete") remove([name]);
  else archive([name], act);
}

async function download(path) {
  const answer = await session.get("content", { path, check: "1" });
  if (!answer.ok) { tell(answer.problem); return; }
  const link = Object.assign(document.createElement("a"), { href: session.url("content", { path }), download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

async function archive(names, form) {
  const fields = { folder: list.folder, names: names.join("\n"), form: form === "zip" ? "zip" : "tar.gz" };
  const answer = await session.post("archive", {}, { ...fields, check: "1" });
  if (!answer.ok) { tell(answer.problem); return; }
  const given = document.getElementById("files-archive");
  given.action = session.url("archive");
  Object.entries(fields).forEach(([name, value]) => { given.elements[name].value = value; });
  delete given.dataset.sent;
  leaving = true;
  given.submit();
  setTimeout(() => { leaving = false; }, 2000);
  toast("info", "The archive is being made while it is downloaded; how large it gets is known at its end.");
}

function remove(names) {
  window.htmx.ajax("POST", session.url("delete"), { target: "#dialog", swap: "innerHTML", values: { folder: list.folder, names: names.join("\n") } });
}

function tell(problem) {
  if (session.isOver(problem) || problem.id === "portal:sign-in" || problem.id === "remote:needs-secret") { tellProblem(problem); return; }
  toast("danger", [problem.title, problem.what, problem.todo].filter(Boolean).map((one) => (/[.!?]$/.test(one) ? one : `${one}.`)).join(" "));
}

root.addEventListener("click", (event) => {
  const { target } = event;
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  const folder = target.closest("[data-folder]");
  const preview = target.closest("[data-preview]");
  if (plain && (folder || preview)) {
    event.preventDefault();
    if (folder) go(folder.dataset.folder); else dialog("preview", { path: preview.dataset.preview });
    return;
  }
  const act = target.closest("[data-act]");
  if (act) { act.closest("details")?.removeAttribute("open"); act1(act.dataset.act, act.closest("tr")); return; }
  const sort = target.closest("[data-sort]");
  if (sort) { list.sort(sort.dataset.sort).then((problem) => { if (problem) tellProblem(problem); }); return; }
  doing[target.closest("[data-do]")?.dataset.do]?.();
});
const doing = {
  upload: () => part(root, "pick-files").click(),
  "upload-folder": () => part(root, "pick-folder").click(),
  "new-folder": () => dialog("folder", { folder: list.folder }),
  reload: () => show({ quiet: true }),
  more: () => list.more(),
  zip: () => archive(Array.from(list.picked), "zip"),
  tar: () => archive(Array.from(list.picked), "tar"),
  delete: () => remove(Array.from(list.picked)),
  clear: () => list.clear(),
};

part(root, "hidden").addEventListener("change", (event) => { list.showHidden(event.target.checked); show({ quiet: true }); });
let typed = 0;
part(root, "filter").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(() => show({ quiet: true }), 250); });
document.body.addEventListener("files:changed", () => { list.clear(); show({ quiet: true }); });
document.body.addEventListener("live-back", () => { if (state.querySelector(".files-problem") && !list.element.firstElementChild) show(); });
window.addEventListener("popstate", (event) => { if (event.state?.path !== undefined) go(event.state.path, false); });

// In dialogs.
document.addEventListener("click", (event) => {
  const link = event.target.closest("#dialog [data-download]");
  if (link && !(event.ctrlKey || event.metaKey)) { event.preventDefault(); download(link.dataset.download); }
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("#dialog [data-bit]")) return;
  const sum = Array.from(document.querySelectorAll("#dialog [data-bit]")).reduce((all, box) => all + (box.checked ? Number(box.dataset.bit) << Number(box.dataset.shift) : 0), 0);
  document.querySelector("#dialog [data-octal]").textContent = sum.toString(8).padStart(3, "0");
});
document.body.addEventListener("htmx:afterSwap", () => {
  const field = document.querySelector("#dialog [data-select-stem]");
  if (field && document.activeElement === field) field.setSelectionRange(0, field.value.lastIndexOf(".") > 0 ? field.value.lastIndexOf(".") : field.value.length);
});

// Uploads.
async function upload(found, folder = list.folder, folderShown = list.folderShown) {
  if (!found.files.length && !found.folders.length) return;
  for (const relative of found.folders) {
    const answer = await session.post("folders", { folder, name: relative.split("/").map(escapeName).join("/") });
    if (!answer.ok) { tell(answer.problem); return; }
  }
  if (found.folders.length) refresh();
  queue.add(found, folder, folderShown);
}
for (const name of ["pick-files", "pick-folder"]) {
  part(root, name).addEventListener("change", (event) => { upload(fromInput(event.target)); event.target.value = ""; });
}
let due = 0;
const refresh = () => { clearTimeout(due); due = setTimeout(() => show({ quiet: true }), 400); };
queue.addEventListener("done", ({ detail }) => { if (detail.folder === list.folder) refresh(); });
queue.addEventListener("over", ({ detail }) => tellProblem(detail));
window.addEventListener("beforeunload", (event) => { if (queue.active.length && !leaving) event.preventDefault(); });

// Dropping: on a folder's row it goes into that folder.
const drop = part(root, "drop");
const brings = (event) => Array.from(event.dataTransfer?.types || []).includes("Files");
const rowOf = (event) => event.target.closest?.('tr[data-kind="folder"]');
function hover(row) {
  root.querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target"));
  row?.classList.add("is-target");
  part(root, "drop-folder").textContent = row ? row.querySelector("bdi").textContent : list.folderShown;
}
let inside = 0;
root.addEventListener("dragenter", (event) => { if (brings(event)) { event.preventDefault(); inside += 1; drop.hidden = false; hover(rowOf(event)); } });
root.addEventListener("dragover", (event) => { if (brings(event)) { event.preventDefault(); event.dataTransfer.dropEffect = "copy"; } });
root.addEventListener("dragleave", (event) => { if (brings(event)) { inside -= 1; if (inside <= 0) quit(); } });
function quit() { inside = 0; drop.hidden = true; hover(null); }
root.addEventListener("drop", async (event) => {
  if (!brings(event)) return;
  event.preventDefault();
  const row = rowOf(event);
  quit();
  if (!list.element.firstElementChild) return;
  const into = row ? [row.dataset.path, row.querySelector("bdi").textContent] : [list.folder, list.folderShown];
  try {
    await upload(await fromDrop(event.dataTransfer), ...into);
  } catch (error) {
    toast("danger", error instanceof RangeError ? `Not uploaded: ${error.message}. Pack them into one file first.` : "Not uploaded: your browser could not read what was dropped.");
  }
});
// Beside the list a dropped file would replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => { if (brings(event)) event.preventDefault(); });

show().catch(() => tellProblem(NO_ANSWER, { first: true }));
