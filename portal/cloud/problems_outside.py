"""What a person is told when a service beside OpenStack (allocations, members) declines or fails."""

from collections.abc import Mapping

from portal.core.errors import Problem

_NOTHING = "Nothing was changed: who is in the allocation, machines and SUs are as before."
_OLD = "What was known before is shown, with its age. Machines and SUs are not affected."

PROBLEMS: Mapping[str, Problem] = {
    "outside:unavailable": Problem(
        "{source} does not answer",
        "{source} ({part}) could not be reached, or had an error of its own.",
        _OLD,
        "Nothing; the portal asks again by itself.",
        503,
    ),
    "outside:bad-answer": Problem(
        "{source} answers in a way that the portal cannot read",
        "What {source} ({part}) sent is not what its description says.",
        _OLD,
        "Nothing, if it passes; else tell the operators of this portal.",
        502,
    ),
    "outside:key-refused": Problem(
        "{source} does not accept the portal's key",
        "The portal's key for {part} is wrong, or was withdrawn.",
        _OLD,
        "The operators of this portal have to renew it; members can be changed at {source} itself.",
        503,
    ),
    "outside:no-key": Problem(
        "The portal has no key",
        "The operators have not given this portal a key for {part} of {source}.",
        _OLD,
        "Do it at {source} itself.",
        503,
    ),
    "outside:not-allowed": Problem(
        "{source} does not allow that",
        "{source} refused it to this portal: {said}",
        _NOTHING,
        "Do it at {source} itself, or tell the operators of this portal.",
        403,
    ),
    "outside:unknown": Problem(
        "{source} does not know it",
        "{source} has nothing under that name or number, or shows it to nobody: {said}",
        _NOTHING,
        "Check the spelling. What is new there may take a day to arrive.",
        404,
    ),
    "outside:declined": Problem(
        "{source} declined",
        "{source} says: {said}",
        _NOTHING,
        "Correct what it names, and ask again.",
        400,
    ),
}
