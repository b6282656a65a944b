"""`git` of a guest: clones a course from the demo's own host, and says of all others that there is no way to them."""

import posixpath
from urllib.parse import urlsplit

from portal.democloud.guest_program import Process, program, split_options

HOST = "git.demo.example"
BRANCHES = ("main", "solutions", "v1.0")
COURSE = {
    "README.md": "# {name}\n\nStart with `notebooks/01-start.md`. Solutions are on the branch `solutions`.\n",
    "notebooks/01-start.md": "# First steps\n\n1. Look around: `ls data`\n2. Run it: `sh run.sh`\n3. Tell that you are done.\n",
    "data/measurements.csv": "day,value\n1,0.42\n2,0.47\n3,0.55\n",
    "run.sh": "#!/bin/sh\necho measuring\ncat data/measurements.csv\n",
    ".git/HEAD": "ref: refs/heads/{branch}\n",
    ".git/config": '[remote "origin"]\n\turl = {url}\n',
}


@program("git")
async def git(process: Process, args: list[str]) -> int:
    words = list(args)
    folder = ""
    while words and words[0] in {"-c", "-C"}:
        folder = words[1] if words[0] == "-C" and len(words) > 1 else folder
        words = words[2:]
    action, rest = (words or ["help"])[0], words[1:]
    if action == "clone":
        return await _clone(process, rest)
    if action in {"--version", "version"}:
        await process.out("git version 2.43.0\n")
        return 0
    head = process.files.text(posixpath.join(process.path(folder), ".git/HEAD"))
    if not head:
        return await process.fail("not a git repository (or any of the parent directories): .git", 128)
    branch = head.strip().removeprefix("ref: refs/heads/")
    told = {
        "status": f"On branch {branch}\nnothing to commit, working tree clean\n",
        "pull": "Already up to date.\n",
        "fetch": "",
        "branch": f"* {branch}\n",
        "log": "commit 3f1c9a7\n\n    Everything for the first day\n",
    }
    if action not in told:
        return await process.fail(f"'{action}' is not one of the commands of this demo's git", 1)
    await process.out(told[action])
    return 0


async def _clone(process: Process, args: list[str]) -> int:
    branch, words = "main", []
    rest = iter(args)
    for one in rest:
        if one in {"-b", "--branch"}:
            branch = next(rest, "")
        else:
            words.append(one)
    options, names = split_options(words)
    if not names:
        return await process.fail("You must specify a repository to clone.", 128)
    url = names[0]
    name = posixpath.basename(urlsplit(url).path.rstrip("/")).removesuffix(".git") or "repository"
    target = process.path(names[1] if len(names) > 1 else name)
    if urlsplit(url).hostname != HOST:
        await process.err(
            f"fatal: unable to access '{url}': Could not resolve host: {urlsplit(url).hostname}\n"
        )
        return 128
    if branch not in BRANCHES:
        await process.err(f"fatal: Remote branch {branch} not found in upstream origin\n")
        return 128
    if process.shell.exists(target):
        await process.err(f"fatal: destination path '{name}' already exists and is not an empty directory.\n")
        return 128
    if not {"q", "quiet"} & options:
        await process.err(f"Cloning into '{name}'...\n")
    _write(process, target, name=name, branch=branch, url=url)
    return 0


def _write(process: Process, target: str, **values: str) -> None:
    for path, text in COURSE.items():
        whole = posixpath.join(target, path)
        process.files.folders(posixpath.dirname(whole), process.who)
        node = process.files.open(whole, process.who, write=True, create=True)
        process.files.write(whole, node, 0, text.format(**values).encode())
        if path.endswith(".sh"):
            process.files.chmod(whole, 0o755, process.who)
