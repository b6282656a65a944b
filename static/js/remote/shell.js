// The page of one shell. Its address carries the session, so that a reload comes back to it.
import { ShellTerminal } from "./terminal.js";

const page = document.getElementById("shell");
const title = document.title;

function keep(session) {
  if (guest) return;
  const here = new URL(location.href);
  here.searchParams.set("session", session);
  history.replaceState(null, "", here);
}

// A guest's title is shown after the machine's name, never instead of it.
function tell(name, detail) {
  if (name === "session") keep(detail.session);
  else if (name === "title") document.title = detail.title ? `${page.dataset.name}: ${detail.title}` : title;
}

const { instance, name: machine, open } = page.dataset;
const guest = "guest" in page.dataset;
const shell = new ShellTerminal(page, { instance, name: machine, open, guest, tell });
const lead = document.getElementById("shell-lead");
shell.part("lead").append(lead);
lead.hidden = false;

// A phone's keyboard covers the page instead of shrinking it.
function room() { page.style.height = visualViewport.scale === 1 ? `${visualViewport.height - page.offsetTop}px` : ""; }
visualViewport?.addEventListener("resize", room);
room();

shell.start(guest ? "" : new URLSearchParams(location.search).get("session") || "");
