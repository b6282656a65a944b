// The page's connection to one machine's files: a session of the portal, opened when needed, kept over reloads of the page.
import { post } from "./post.js";

const LOST = new Set(["remote:over", "portal:not-found"]);
export const NO_ANSWER = {
  id: "", title: "The portal does not answer", what: "The request did not get through: your network or the portal is interrupted.",
  means: "Nothing on the machine was changed by it.", todo: "Try again when you are connected.", repairs: [],
};

export class FilesSession {
  constructor(element) {
    this.element = element;
    this.key = `files:${element.dataset.instance}`;
    this.id = sessionStorage.getItem(this.key) || "";
    this.proven = false;
  }

  // Opens one unless there is one. Gives a problem, or null.
  async ensure(login = "") {
    if (this.id && !login) return null;
    const answer = await post(this.element.dataset.open, { kind: "files", login });
    if (!answer.ok || !answer.data.session) return problemOf(answer.status, answer.data);
    this.id = answer.data.session;
    this.proven = true;
    sessionStorage.setItem(this.key, this.id);
    return null;
  }

  forget() {
    this.id = "";
    this.proven = false;
    sessionStorage.removeItem(this.key);
  }

  url(name, params = {}) {
    const address = this.element.getAttribute(`data-url-${name}`).replace(this.element.dataset.nobody, this.id);
    const query = new URLSearchParams(params).toString();
    return query ? `${address}?${query}` : address;
  }

  // A session that an earlier page left may be over by now: then once more with a new one.
  async get(name, params) {
    const missing = await this.ensure();
    if (missing) return { ok: false, problem: missing };
    const answer = await this.once(name, params);
    if (!answer.problem || this.proven || !LOST.has(answer.problem.id)) {
      this.proven = this.proven || answer.ok;
      return answer;
    }
    this.forget();
    return this.get(name, params);
  }

  async once(name, params) {
    let answer;
    try {
      answer = await fetch(this.url(name, params), { headers: { Accept: "text/html, application/json" }, credentials: "same-origin", redirect: "manual" });
    } catch {
      return { ok: false, status: 0, problem: NO_ANSWER };
    }
    if (answer.ok) return { ok: true, status: answer.status, text: await answer.text() };
    return { ok: false, status: answer.status, problem: problemOf(answer.status, await answer.json().catch(() => ({}))) };
  }

  async post(name, params, fields) {
    const answer = await post(this.url(name, params), fields);
    return answer.ok ? { ok: true, status: answer.status } : { ok: false, status: answer.status, problem: problemOf(answer.status, answer.data) };
  }

  isOver(problem) { return LOST.has(problem.id); }
}

export function problemOf(status, data) {
  if (data?.problem) return data.problem;
  if (status === 0) return NO_ANSWER;
  if (status === 401 || status === 302) return { ...NO_ANSWER, id: "portal:sign-in", title: "You are signed out", what: "Your sign-in to the portal has ended.", todo: "Reload the page to sign in again." };
  return { ...NO_ANSWER, title: "That did not work", what: `The portal answered with status ${status}.`, todo: "Try again in a moment." };
}
