import pytest

from portal.core import errors
from portal.core.errors import PortalError, Problem, explain, listed, register


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "_catalogue", dict(errors._catalogue))
    register({"test:quota": Problem("No room", "{used:.1f} of {limit}", "nothing", "ask", 409)})


def test_words_are_filled_from_the_error() -> None:
    error = PortalError("test:quota", used=2.25, limit=3)
    assert (error.problem.what, error.problem.status) == ("2.2 of 3", 409)


@pytest.mark.parametrize("params", [{}, {"limit": 3}, None])
def test_a_value_that_an_old_row_lacks_is_a_question_mark(params: dict[str, object] | None) -> None:
    assert explain("test:quota", params).what.startswith("? of ")


def test_an_id_that_nobody_listed_still_has_words() -> None:
    problem = explain("test:never-heard-of")
    assert not listed("test:never-heard-of")
    assert "test:never-heard-of" in problem.what
    assert problem.status == 500


def test_values_are_never_taken_for_templates() -> None:
    assert explain("test:quota", {"used": 1, "limit": "{used.__class__}"}).what == "1.0 of {used.__class__}"


def test_every_listed_problem_says_what_it_means_and_what_to_do() -> None:
    for name, problem in errors._catalogue.items():
        assert all((problem.title, problem.what, problem.means, problem.todo)), name
        assert 200 <= problem.status < 600, name
        explain(name)
