import pytest

from allocations.sources import states


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("", "active"),
        ("active", "active"),
        ("ACTIVE", "active"),
        ("pending-active", "pending"),
        ("Pending Active", "pending"),
        ("requested", "pending"),
        ("pending-inactive", "inactive"),
        ("inactive", "inactive"),
        ("removed", "inactive"),
        ("rejected", "refused"),
        ("what is this", "pending"),
    ],
)
def test_each_word_has_a_meaning_and_an_unknown_one_promises_nothing(word: str, state: str) -> None:
    assert states.state_of(word) == state


def test_who_is_active_on_one_resource_is_active() -> None:
    assert states.together(["inactive", "active", "pending"]) == "active"
    assert states.together(["inactive", "pending"]) == "pending"
    assert states.together([]) == "inactive"


@pytest.mark.parametrize(
    ("number", "words"),
    [(4, "four hours"), (1, "one hour"), (0.5, "0.5 hours"), (12, "12 hours"), (4.5, "4.5 hours")],
)
def test_hours_are_words_while_they_are_few(number: float, words: str) -> None:
    assert states.hours(number) == words
