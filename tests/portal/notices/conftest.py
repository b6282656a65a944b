"""Kinds that only these tests know."""

import pytest

from portal.notices import kinds
from portal.notices.kinds import Kind

PLAIN = Kind("test.plain", "Something plain", group="machines", ways={"page", "mail"})
QUIET = Kind("test.quiet", "Only in the inbox", group="people")
ALWAYS = Kind("test.always", "What everybody hears", group="portal", ways={"page", "mail"}, always=True)


@pytest.fixture(autouse=True)
def known_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {kind.name: kind for kind in (PLAIN, QUIET, ALWAYS)} | kinds._kinds)
