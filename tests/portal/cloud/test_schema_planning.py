"""What can be asked for, and what follows the end: the operator's data, refused where it contradicts itself."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from portal.cloud.schema_planning import Expiry, Planning
from tests.portal.cloud.test_shipped_conf import shipped

SMALL: dict[str, Any] = {"name": "small", "title": "Small", "credits": 10}
LARGE: dict[str, Any] = {"name": "large", "title": "Large", "credits": 20.5, "at_first": 0.5}
OPEN: dict[str, Any] = {"name": "open", "title": "In units"}


def test_tiers_are_read_exactly_and_one_without_credits_may_stand_anywhere() -> None:
    found = Planning.model_validate({"exchange": {"cpu": 1, "gpu": 1.5}, "tiers": [SMALL, OPEN, LARGE]})
    assert [tier.credits for tier in found.tiers] == [Decimal(10), None, Decimal("20.5")]
    assert found.exchange["gpu"] == Decimal("1.5")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tiers": [LARGE, SMALL], "exchange": {"cpu": 1}}, "smallest tier first"),
        ({"tiers": [SMALL, SMALL], "exchange": {"cpu": 1}}, "'small' is there twice"),
        ({"tiers": [SMALL]}, "planning.exchange"),
        ({"tiers": [{**SMALL, "at_first": 2}], "exchange": {"cpu": 1}}, "at_first"),
        ({"tiers": [{**SMALL, "url": "javascript:alert(1)"}], "exchange": {"cpu": 1}}, "url"),
        ({"exchange": {"credits": 1}}, "exchange"),
        ({"spare_percent": 101}, "spare_percent"),
    ],
)
def test_tiers_that_contradict_themselves_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Planning(**given)


@pytest.mark.parametrize(
    ("days", "said"), [([10, 0], "order of their days"), ([3, 3], "order of their days"), ([-1], "day")]
)
def test_a_timeline_that_goes_backwards_is_refused(days: list[int], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Expiry(steps=[{"day": day, "what": "shelved"} for day in days])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["jetstream2", "demo"])
def test_it_is_shipped_what_jetstream2_does_after_the_end(name: str) -> None:
    portal = shipped(name).cloud(name).portal
    assert [tier.credits for tier in portal.planning.tiers] == [400_000, 1_500_000, 3_000_000, None]
    assert portal.planning.as_of is not None and portal.planning.exchange["gpu"] == 1
    expiry = portal.expiry
    assert [(step.day, step.final) for step in expiry.steps] == [(0, False), (10, False), (30, True)]
    assert expiry.when_used_up


def test_a_cloud_that_says_nothing_of_it_has_neither_tiers_nor_a_timeline() -> None:
    assert not Planning().tiers and not Planning().exchange and not Expiry().steps
