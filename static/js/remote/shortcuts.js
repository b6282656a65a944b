// Keys that the terminal itself takes; all others go to the machine. False: the machine does not get this one.
function zoomOf(event) {
  if (!event.ctrlKey || event.altKey || event.metaKey) return null;
  if (event.key === "+" || event.key === "=") return 1;
  if (event.key === "-" || event.key === "_") return -1;
  return event.key === "0" ? 0 : null;
}

function named(event) {
  const letter = event.key.toLowerCase();
  if (event.key === "F6" && event.ctrlKey) return "escape";
  if (event.key === "Escape" && event.ctrlKey && event.shiftKey) return "escape";
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return "";
  return { c: "copy", v: "paste", f: "search" }[letter] || "";
}

export function onKeys(event, shell) {
  if (event.type !== "keydown") return true;
  const zoom = zoomOf(event);
  const name = named(event);
  if (name === "paste" || (event.key === "Insert" && event.shiftKey)) return false; // the browser pastes; `paste` is heard
  if (zoom === null && !name) return true;
  event.preventDefault();
  if (zoom !== null) shell.zoom(zoom);
  else if (name === "escape") shell.escape();
  else if (name === "search") shell.search.open();
  else shell.copySelection();
  return false;
}
