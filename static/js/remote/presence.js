// Who is on a shell, who types, and whether it is recorded: seen by everybody on it, at all times.
import { address, plain } from "./markup.js";

const KINDS = { own: "", type: "may type", view: "looks on" };

export class Presence {
  constructor(shell) {
    Object.assign(this, { shell, names: "", owner: "" });
  }

  opened({ mode }) {
    const { shell } = this;
    shell.part("share").hidden = mode !== "own" || !address("share", shell.session.session);
    this.watch();
  }

  watch() {
    const { shell } = this;
    const owner = this.owner ? `${this.owner}’s` : "somebody else’s";
    shell.part("watching").hidden = shell.mode === "own";
    shell.part("watching-words").textContent = shell.mode === "view"
      ? `You are watching ${owner} shell. What you type is not sent.`
      : `You are on ${owner} shell, and may type in it.`;
  }

  hear(what, detail) {
    if (what === "who") this.people(detail.who || []);
    else this.recording(detail);
  }

  // Alone on it, nobody needs to be told who is there.
  people(who) {
    const { shell } = this;
    const list = shell.part("who");
    list.replaceChildren(...who.map((one) => this.person(one)));
    list.hidden = who.length < 2;
    const mine = who.find((one) => one.you);
    this.owner = plain(who.find((one) => one.mode === "own")?.name || "", 60);
    if (mine?.mode && mine.mode !== shell.mode) shell.becomeMode(mine.mode);
    this.watch();
    this.announce(who);
  }

  person({ name, mode, you, typing }) {
    const item = document.createElement("li");
    const shown = you ? "you" : plain(name, 60);
    item.className = "term-one";
    item.dataset.mode = mode;
    item.toggleAttribute("data-typing", Boolean(typing));
    item.title = [plain(name, 60), typing ? "types now" : KINDS[mode]].filter(Boolean).join(", ");
    item.textContent = shown;
    if (KINDS[mode] || typing) {
      const more = document.createElement("span");
      more.className = "term-one-does";
      more.textContent = typing ? "typing" : KINDS[mode];
      item.append(" ", more);
    }
    return item;
  }

  // Who came and who left is said once each; who types would be too much to listen to.
  announce(who) {
    const names = who.filter((one) => !one.you).map((one) => plain(one.name, 60)).sort().join(", ");
    if (names === this.names) return;
    this.names = names;
    this.shell.say(names ? `On this shell with you: ${names}` : "You are alone on this shell");
  }

  recording({ on, by }) {
    const { shell } = this;
    shell.part("recording").hidden = !on;
    shell.part("recording").title = on ? `Recorded by ${plain(by || "its owner", 60)}: what the shell prints, not what is typed` : "";
    shell.say(on ? `This shell is being recorded by ${plain(by || "its owner", 60)}` : "The recording has ended");
  }
}
