"""A source's own word for how a membership stands -> ours, and what people are told of it. Pure."""

from collections.abc import Iterable
from typing import Literal

State = Literal["active", "pending", "inactive", "refused"]

# By how the word begins: `pending-active`, `inactive-expired`. Before a word that none fits, nothing is promised.
_BEGINNINGS: tuple[tuple[str, State], ...] = (
    ("active", "active"),
    ("pending-inactive", "inactive"),
    ("pending_inactive", "inactive"),
    ("pending", "pending"),
    ("request", "pending"),
    ("new", "pending"),
    ("inactive", "inactive"),
    ("removed", "inactive"),
    ("deleted", "inactive"),
    ("disabled", "inactive"),
    ("suspended", "inactive"),
    ("refused", "refused"),
    ("rejected", "refused"),
    ("declined", "refused"),
    ("denied", "refused"),
)
_STRONGEST: tuple[State, ...] = ("active", "pending", "refused", "inactive")


def state_of(word: str) -> State:
    """Listed without a word: active. With one that is not known here: pending, as nothing is sure."""
    said = word.strip().casefold().replace(" ", "-")
    if not said:
        return "active"
    return next((state for beginning, state in _BEGINNINGS if said.startswith(beginning)), "pending")


def together(states: Iterable[str]) -> State:
    """How somebody stands who is listed more than once, as for several resources."""
    given = set(states)
    return next((state for state in _STRONGEST if state in given), "inactive")


def hours(number: float) -> str:
    """`4.0` -> "four hours"."""
    words = ("", "one hour", "two hours", "three hours", "four hours", "five hours", "six hours")
    whole = round(number)
    if number != whole or not 1 <= whole < len(words):
        return f"{number:g} hours"
    return words[whole]
