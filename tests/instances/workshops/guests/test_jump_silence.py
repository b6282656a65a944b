"""What is done about a jump host that does not answer."""

from datetime import UTC, datetime, timedelta

import pytest

from instances.workshops.guests.jump_silence import Step, step_for

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("silent", "restarted", "made", "wanted"),
    [
        (None, None, True, Step.NOTHING),
        (ago(15), None, True, Step.NOTHING),
        (ago(45), None, True, Step.RESTART),
        (ago(120), ago(70), True, Step.NOTHING),
        (ago(400), ago(190), True, Step.REPLACE),
        # Somebody's own machine is not restarted under their hands.
        (ago(100), None, False, Step.NOTHING),
        (ago(200), None, False, Step.REPLACE),
    ],
)
def test_one_is_restarted_once_and_then_replaced(
    silent: datetime | None, restarted: datetime | None, made: bool, wanted: Step
) -> None:
    assert step_for(silent, restarted, NOW, made=made) is wanted
