"""How what came of a launch is told. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# Names that a summary lists; the rest is counted.
_NAMED = 10


@dataclass(frozen=True, slots=True)
class Ended:
    """One machine of a launch. `problem`: why it failed, in words; empty where it is ready."""

    name: str
    problem: str = ""
    todo: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    text: str
    level: Literal["success", "warning", "danger"]


def words(ended: Sequence[Ended], *, server: str) -> Words:
    """`server`: the cloud's word for a machine. At least one of them ended."""
    failed = [one for one in ended if one.problem]
    if len(ended) == 1:
        return _of_one(ended[0], server)
    ready = len(ended) - len(failed)
    if not failed:
        return Words(f"{ready} {server}s are ready", f"You can log in to them: {_names(ended)}.", "success")
    reasons = "\n".join(f"{one.name}: {one.problem}" for one in failed[:_NAMED])
    more = f"\nand {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    title = f"{ready} of {len(ended)} {server}s are ready, {len(failed)} failed"
    if not ready:
        title = f"None of {len(ended)} {server}s could be launched"
    return Words(
        title, f"{reasons}{more}\n\nThose that failed cost nothing.", "warning" if ready else "danger"
    )


def _of_one(one: Ended, server: str) -> Words:
    if not one.problem:
        return Words(f"{one.name} is ready", f"The {server} is set up: you can log in to it.", "success")
    text = f"{one.problem}\n\nIt costs nothing as long as it is in error. {one.todo}".strip()
    return Words(f"{one.name} could not be launched", text, "danger")


def _names(ended: Sequence[Ended]) -> str:
    named = ", ".join(one.name for one in ended[:_NAMED])
    return named + (f" and {len(ended) - _NAMED} more" if len(ended) > _NAMED else "")
