"""What the doctor found, for people (80 columns) and for programs (JSON); and what the exit status is. Pure."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable

from portal.core.doctor import Finding, Group, Level

WIDTH = 80
_NAME = 24
_MARKS: dict[Level, str] = {"ok": "ok", "note": "..", "degraded": "!", "broken": "XX", "untried": "?"}
_WORDS: dict[Level, str] = {
    "ok": "ok",
    "note": "to know",
    "degraded": "degraded",
    "broken": "broken",
    "untried": "not tried",
}
KEY = f"ok works   {_MARKS['note']} to know   ! degraded   XX broken   ? not tried"


def lines(group: Group) -> Iterable[str]:
    yield ""
    yield group.title
    yield "-" * len(group.title)
    for finding in group.findings:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterable[str]:
    head = f"{_MARKS[finding.level]:>2} {finding.name}"
    # A long name has its line for itself.
    if len(head) > _NAME:
        yield from _wrapped(head, "", "   ")
        head = ""
    indent = " " * (_NAME + 2)
    yield from _wrapped(finding.says, f"{head:<{_NAME}}  ", indent)
    if finding.todo:
        yield from _wrapped(finding.todo, f"{indent}-> ", f"{indent}   ")


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Addresses stay whole, to be copied, even where a line grows longer by it."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )


def summary(groups: Iterable[Group]) -> str:
    found = Counter(finding.level for group in groups for finding in group.findings)
    return ", ".join(f"{found[level]} {_WORDS[level]}" for level in _WORDS if found[level])


def status(groups: Iterable[Group], *, strict: bool) -> int:
    """0: works, perhaps degraded. 1: degraded, where `strict`. 2: something is broken."""
    levels = {finding.level for group in groups for finding in group.findings}
    if "broken" in levels:
        return 2
    return 1 if strict and "degraded" in levels else 0


def as_json(groups: Iterable[Group], *, strict: bool) -> str:
    found = list(groups)
    content = {
        "status": status(found, strict=strict),
        "summary": dict(Counter(finding.level for group in found for finding in group.findings)),
        "groups": [
            {
                "title": group.title,
                "findings": [
                    {
                        "name": finding.name,
                        "level": finding.level,
                        "says": finding.says,
                        "todo": finding.todo,
                    }
                    for finding in group.findings
                ],
            }
            for group in found
        ],
    }
    return json.dumps(content, indent=1)
