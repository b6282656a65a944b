// A question over everything, answered by one of its buttons. Gives the button's value, or "" when it was put away.
export function confirm({ title, words = "", shown = "", content = null, buttons }) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog term-confirm";
  dialog.setAttribute("aria-label", title);
  const make = (name, className, text) => Object.assign(document.createElement(name), { className, textContent: text });
  const head = make("div", "dialog-head", "");
  head.append(make("h2", "", title));
  const body = make("div", "dialog-body", "");
  if (words) body.append(make("p", "", words));
  if (shown) body.append(make("pre", "term-shown", shown));
  if (content) body.append(content);
  const foot = make("form", "dialog-foot", "");
  foot.method = "dialog";
  buttons.forEach(([value, text, kind]) => {
    foot.append(Object.assign(make("button", `btn ${kind || ""}`, text), { value, autofocus: /primary|danger/.test(kind || "") }));
  });
  dialog.append(head, body, foot);
  const before = document.activeElement;
  (document.fullscreenElement || document.body).append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      before?.focus({ preventScroll: true });
      resolve(dialog.returnValue);
    });
  });
}
