import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.naming import batch_names, complaint, hostname, suggest_name


@pytest.mark.parametrize("name", ["a", "lab 1 of 20", "my_machine-2", "A" * 254])
def test_names_that_every_portal_takes(name: str) -> None:
    assert complaint(name) == ""


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "name"),
        (" lab", "blank"),
        ("lab ", "blank"),
        ("lab-", "hyphen"),
        ("<b>lab</b>", "letters"),
        ("lab 🚀", "letters"),
        ("lab.one", "letters"),
        ("lab\n", "blank"),
        ("a\nb", "letters"),
        ("A" * 300, "300"),
    ],
)
def test_names_that_are_refused_with_the_reason(name: str, word: str) -> None:
    assert word in complaint(name)


def test_a_batch_is_numbered_and_one_machine_is_not() -> None:
    assert batch_names("lab", 1) == ["lab"]
    assert batch_names("lab", 3) == ["lab 1 of 3", "lab 2 of 3", "lab 3 of 3"]


def test_suggested_names_are_taken_and_differ() -> None:
    names = {suggest_name(random.Random(seed)) for seed in range(50)}
    assert len(names) > 45
    assert all(complaint(name) == "" for name in names)


@pytest.mark.parametrize(
    ("name", "host"),
    [("My Lab_1", "my-lab-1"), ("lab 1 of 3", "lab-1-of-3"), ("ü-x-", "x"), ("A" * 99, "a" * 63)],
)
def test_host_names_are_those_of_nova(name: str, host: str) -> None:
    assert hostname(name) == host


@given(st.text())
def test_any_text_is_judged(name: str) -> None:
    assert isinstance(complaint(name), str)
    assert len(hostname(name)) <= 63
