"""The states that things went through, as real clouds showed them: each course is kept, and compared.

A look misses states that are shorter than the time between two looks, so that runs differ. Kept are the courses
that no other one contains: a run that saw nothing new changes nothing in the file.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

PATH = Path(__file__).parent / "shapes" / "sequences.json"
State = list[str | int | None]
# Zone, action, the courses that it was seen to take.
Recorded = dict[str, dict[str, list[list[State]]]]


def recorded() -> Recorded:
    found: Recorded = json.loads(PATH.read_text()) if PATH.exists() else {}
    return found


def record(zone: str, action: str, seen: Sequence[State]) -> None:
    """Add what one run saw of an action in a zone to what is known of it."""
    known = recorded()
    before = known.setdefault(zone, {}).get(action, [])
    after = with_course(before, seen)
    if after == before:
        return
    known[zone][action] = after
    temporary = PATH.with_suffix(f".{os.getpid()}")
    temporary.write_text(_text(known))
    temporary.replace(PATH)


def with_course(known: Sequence[list[State]], seen: Sequence[State]) -> list[list[State]]:
    """The known courses and this one, without those that another one contains."""
    if any(contains(course, seen) for course in known):
        return list(known)
    kept = [course for course in known if not contains(seen, course)]
    return sorted([*kept, list(seen)], key=lambda course: (-len(course), json.dumps(course)))


def contains(whole: Sequence[State], part: Sequence[State]) -> bool:
    """Whether `part` is what is left of `whole` when some states are passed over."""
    rest = iter(whole)
    return all(any(state == other for other in rest) for state in part)


def _text(known: Recorded) -> str:
    """One line for each state: a change of the file is read as a change of the cloud."""
    zones: list[str] = []
    for zone, actions in sorted(known.items()):
        lines = [
            f"  {json.dumps(action)}: [\n{_courses(kept)}\n  ]" for action, kept in sorted(actions.items())
        ]
        zones.append(f" {json.dumps(zone)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(zones) + "\n}\n"


def _courses(kept: Sequence[list[State]]) -> str:
    return ",\n".join(
        "   [\n" + ",\n".join(f"    {json.dumps(state)}" for state in course) + "\n   ]" for course in kept
    )


def differences(known: Recorded, action: str, shown: Sequence[State], *, like: str = "nova") -> list[str]:
    """Where the demo cloud, which is like zone `like`, leaves out a stage or shows what no real one showed."""
    real = known.get(like, {}).get(action)
    if real is None:
        return [f"{action}: not recorded in zone {like} yet (make contract CLOUD=lab)"]
    left_out = [course for course in real if not contains(shown, course)]
    # A short stage of the plain action may have gone unseen in its rarer forms.
    forms = {action, action.split(" from ")[0].split(" when ")[0]}
    ever = [s for zone in known.values() for form in forms for course in zone.get(form, ()) for s in course]
    invented = [state for state in shown if state not in ever]
    return [
        f"{action}: does not take the course {_short(course)}: {_short(shown)}" for course in left_out
    ] + [f"{action}: invents {state}" for state in invented]


def _short(course: Sequence[State]) -> str:
    return " -> ".join("/".join("-" if part is None else str(part) for part in state) for state in course)
