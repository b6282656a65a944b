// The panel that asks for a person's own key or password, for a machine that takes no certificate of the portal.
import { clone, part } from "./markup.js";

const MOST_KEY = 64 * 1024;

// `answer({ login, key, passphrase } | { login, password } | { stored: true })` is called once.
export function askPanel({ what, words, login, stored }, answer) {
  const panel = clone("terminal-ask");
  const field = (name) => part(panel, name);
  field("words").textContent = words || "";
  field("login").value = login || "";
  let asked = what === "password" ? "password" : "key";
  const show = () => {
    const key = asked === "key";
    field("title").textContent = key ? "This machine asks for a key of yours" : "This machine asks for a password";
    field("with-key").hidden = !key;
    field("with-password").hidden = key;
    field("other").textContent = key ? "Use a password instead" : "Use a key instead";
    field("error").textContent = "";
  };
  show();
  field("stored").hidden = !stored;
  field("stored").addEventListener("click", () => answer({ stored: true }));
  field("other").addEventListener("click", () => { asked = asked === "key" ? "password" : "key"; show(); });
  field("file").addEventListener("change", async () => {
    const file = field("file").files[0];
    if (file && file.size <= MOST_KEY) field("key").value = await file.text();
    else if (file) field("error").textContent = "That file is too large to be a private key.";
  });
  panel.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = taken(field, asked);
    field("error").textContent = given.error || "";
    if (given.error) return;
    panel.querySelectorAll("input, textarea").forEach((one) => { one.value = ""; });
    answer({ login: given.login, ...given.secret });
  });
  return panel;
}

function taken(field, asked) {
  const login = field("login").value.trim();
  if (!login) return { error: "Say as which user of the machine you sign in." };
  if (asked === "password") {
    const password = field("password").value;
    return password ? { login, secret: { password } } : { error: "Type the password." };
  }
  const key = field("key").value.trim();
  if (!key.includes("PRIVATE KEY")) return { error: key ? wrongKey(key) : "Choose the file of a private key, or paste it." };
  const passphrase = field("passphrase").value;
  return { login, secret: { key: `${key}\n`, ...(passphrase ? { passphrase } : {}) } };
}

function wrongKey(key) {
  if (/^(ssh-|ecdsa-|sk-)/.test(key)) return "That is the public half. The private key is the file without .pub.";
  return "That does not look like a private key in PEM or OpenSSH form.";
}
