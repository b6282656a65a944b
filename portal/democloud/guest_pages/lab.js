// What a page from a guest may find out: all of it is shown, none of it is kept.
const put = (id, text) => { document.getElementById(id).textContent = text; };

put("cookies", document.cookie || "none");
put("opener", window.opener ? "yes" : "none");

fetch("headers.json").then((answer) => answer.json()).then((headers) => put("host", headers.host));

const scheme = location.protocol === "https:" ? "wss://" : "ws://";
const socket = new WebSocket(`${scheme}${location.host}/api/echo`);
socket.onopen = () => socket.send("ping");
socket.onmessage = (message) => { put("socket", message.data); socket.close(); };
socket.onerror = () => put("socket", "refused");

let events = 0;
new EventSource("/events").onmessage = () => put("events", String(++events));

const portal = document.referrer || location.origin.replace(/\/\/[^/:]*ports\.[^/:]*/, "//localhost");
fetch(portal, { credentials: "include" })
  .then(async (answer) => put("portal", `read ${(await answer.text()).length} characters`))
  .catch(() => put("portal", "blocked"));
