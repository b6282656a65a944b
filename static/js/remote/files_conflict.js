// The question what becomes of a file whose name is taken.
import { confirm } from "./confirm.js";
import { clone, part } from "./markup.js";
import { sizeWords } from "./files_words.js";

const KINDS = { folder: "a folder", link: "a link", other: "something that is no ordinary file" };

export async function askConflict(upload, there, others) {
  const folder = there.kind === "folder" || there.kind === "other";
  const content = clone("files-conflict");
  const when = (seconds) => new Date(seconds * 1000).toLocaleString();
  part(content, "words").textContent = folder
    ? `On the machine this is ${KINDS[there.kind]}; a file cannot take its place.`
    : there.kind === "link" ? "On the machine this is a link. Replacing it replaces the link, not what it leads to." : "A file of this name is in the folder already.";
  part(content, "there").textContent = folder ? KINDS[there.kind] : `${sizeWords(there.size)}, changed ${there.changed ? when(there.changed) : "at an unknown time"}`;
  part(content, "here").textContent = `${sizeWords(upload.size)}, changed ${new Date(upload.file.lastModified).toLocaleString()}`;
  part(content, "all-box").hidden = others < 1;
  part(content, "all-words").textContent = `Do the same with all others of these uploads (${others} to go)`;
  const buttons = [["skip", "Skip"], ["both", "Keep both"]];
  if (!folder) buttons.push(["replace", "Replace", "btn-primary"]);
  const choice = await confirm({ title: `“${upload.relative}” is there already`, content, buttons });
  return { choice: choice || "later", all: Boolean(choice) && part(content, "all").checked };
}
