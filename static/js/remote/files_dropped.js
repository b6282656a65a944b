// What was dropped or picked, as a list of { file, relative } and of folders: names are as this computer has them.
const MOST = 50_000;

export function fromInput(input) {
  const files = Array.from(input.files, (file) => ({ file, relative: file.webkitRelativePath || file.name }));
  return { files, folders: [] };
}

// Entries must be taken while the drop is being handled; walking them may take its time.
export function fromDrop(transfer) {
  const entries = Array.from(transfer.items || []).filter((item) => item.kind === "file")
    .map((item) => item.webkitGetAsEntry?.() || item.getAsFile()).filter(Boolean);
  return walk(entries);
}

async function walk(entries) {
  const found = { files: [], folders: [] };
  for (const entry of entries) await take(entry, "", found);
  return found;
}

async function take(entry, above, found) {
  if (found.files.length + found.folders.length >= MOST) throw new RangeError(`more than ${MOST} files at once`);
  if (entry instanceof File) { found.files.push({ file: entry, relative: entry.name }); return; }
  const relative = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.files.push({ file, relative });
    return;
  }
  const inner = await children(entry);
  if (inner.length === 0) found.folders.push(relative);
  for (const one of inner) await take(one, `${relative}/`, found);
}

// A reader gives a hundred at a time, and nothing at the end.
async function children(entry) {
  const reader = entry.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}
