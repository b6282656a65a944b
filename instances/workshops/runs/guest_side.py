"""The scripts that seats run, and what they answer. Pure: they are sent along each time, nothing is installed."""

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from instances.workshops.runs.output import HEAD_BYTES, TAIL_BYTES, Output

_FOLDER = Path(__file__).parent / "guest"
MOST_ANSWER = HEAD_BYTES + TAIL_BYTES + 4096
_RUN = re.compile(rb"helio-run ([a-z]{1,10}) (none|\d{1,3}) (\d{1,6}) (\d{1,6})\n")


@cache
def _script(name: str) -> str:
    """Without remarks: it travels with each call."""
    lines = (_FOLDER / f"{name}.sh").read_text().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#")) + "\n"


def command(name: str, *arguments: object, root: bool = False) -> str:
    words = shlex.join(["sh", "-c", _script(name), "heliosphere", *map(str, arguments)])
    return f"sudo -n -H {words}" if root else words


@dataclass(frozen=True, slots=True)
class Said:
    """`state`: absent, running, held, done, stopped, lost, over, full."""

    state: str
    exit: int | None
    output: Output


def said(answer: bytes) -> Said | None:
    """None for what is no answer of ours."""
    found = _RUN.search(answer)
    if found is None:
        return None
    state, status, head, tail = found.groups()
    rest = answer[found.end() :]
    first, last = min(int(head), HEAD_BYTES), min(int(tail), TAIL_BYTES)
    output = Output(rest[:first], rest[first : first + last])
    return Said(state.decode(), None if status == b"none" else int(status), output)


def last_word(answer: bytes, begins: str) -> str:
    """`done` of a last line `helio-put done`; empty for anything else."""
    lines = answer.decode("utf-8", "replace").strip().splitlines()
    word, _, rest = lines[-1].partition(" ") if lines else ("", "", "")
    return rest if word == begins and rest.isalpha() else ""


def counted(answer: bytes) -> dict[str, int]:
    lines = answer.splitlines()
    return {word: lines.count(word.encode()) for word in ("made", "same", "kept")}


def one_line(text: bytes) -> str:
    """The machine's own words: the last line, without what a page or a terminal could take for more."""
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return "".join(one if one.isprintable() else " " for one in lines[-1])[:200] if lines else "nothing"
