// A part of a page that needs a connection to the machine: made when it is asked for, ended when the page is left.
import { post } from "./post.js";

let session = "";

function problemOf({ status, data }) {
  const problem = data.problem;
  if (problem) return { text: [problem.title, problem.what, problem.todo].filter(Boolean).join(" · "), repairs: problem.repairs || [] };
  if (status === 0) return { text: "The portal did not answer. Try again in a moment.", repairs: [] };
  if (status === 302 || status === 401) return { text: "You are signed out. Sign in again.", repairs: [] };
  return { text: "The portal refused. Load the page again.", repairs: [] };
}

function say(panel, text, repairs = []) {
  const place = panel.querySelector("[data-says]");
  if (!place) return;
  place.replaceChildren(text);
  for (const repair of repairs.filter((one) => one.method === "get")) {
    const link = document.createElement("a");
    link.href = repair.url;
    link.textContent = repair.label;
    place.append(" ", link);
  }
}

async function opened(panel) {
  if (session) return true;
  say(panel, "Asking the portal …");
  const answer = await post(panel.dataset.open, { kind: "files", login: panel.dataset.login });
  if (!answer.ok || !answer.data.session) {
    const { text, repairs } = problemOf(answer);
    say(panel, text, repairs);
    return false;
  }
  session = answer.data.session;
  return true;
}

async function begin(panel, button) {
  button.disabled = true;
  try {
    if (!(await opened(panel))) return;
    say(panel, "Connecting to the machine …");
    const path = `/remote/${session}/${panel.dataset.part}/`;
    const verb = panel.dataset.part === "trust" ? "POST" : "GET";
    await window.htmx.ajax(verb, path, { target: panel, swap: "innerHTML", values: { do: button.dataset.do || "" } });
    say(panel, "");
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-begin]");
  const panel = button?.closest("[data-session-panel]");
  if (panel) begin(panel, button);
});

// Nothing stays open on the machine for a page that is gone.
addEventListener("pagehide", () => {
  if (!session) return;
  const headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  fetch(`/remote/${session}/end/`, { method: "POST", headers: { ...headers, Accept: "application/json" }, keepalive: true, credentials: "same-origin" });
  session = "";
});
