// What the portal offers to do about a problem: a dialog, a page, or something that is done at once.
import { post } from "./post.js";
import { toast } from "./markup.js";

const here = (url) => { try { return new URL(url, location.href).origin === location.origin; } catch { return false; } };

export function repairButtons(repairs, done) {
  return repairs.filter((one) => here(one.url)).map((one, at) => {
    const button = one.method === "post" ? doing(one, done) : leading(one);
    button.className = `btn${at === 0 ? " btn-primary" : ""}`;
    button.textContent = one.label;
    return button;
  });
}

// Actions on machines ask in a dialog; but the screen of a machine is a page of its own.
const asksInDialog = (url) => /\/actions\/(?!console)/.test(new URL(url, location.href).pathname);

function leading({ url }) {
  const link = Object.assign(document.createElement("a"), { href: url });
  if (!asksInDialog(url)) { link.target = "_blank"; link.rel = "noopener"; return link; }
  link.setAttribute("role", "button");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    window.htmx.ajax("GET", url, { target: "#dialog", swap: "innerHTML" });
  });
  return link;
}

function doing({ url }, done) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await post(url);
    if (answer.ok) { done(); return; }
    button.disabled = false;
    const { title, what, todo } = answer.data.problem || {};
    toast("danger", title ? `${title}. ${what || ""} ${todo || ""}` : "That was not done: the portal did not answer as it should.");
  });
  return button;
}
