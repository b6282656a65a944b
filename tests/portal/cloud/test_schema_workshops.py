"""How many machines of classes a cloud is asked for at once: safe by itself, and refused where it contradicts itself."""

import pytest
from pydantic import ValidationError

from portal.cloud.schema_workshops import Workshops


def test_by_itself_a_hundred_seats_with_spares_build_in_one_wave() -> None:
    found = Workshops()
    assert found.builds_per_project >= 100 + found.most_spares
    assert found.offered and not found.guest_codes


@pytest.mark.parametrize("what", ["builds", "power"])
def test_a_project_takes_no_more_than_its_cloud(what: str) -> None:
    Workshops.model_validate({f"{what}_per_project": 10, f"{what}_per_cloud": 10})
    with pytest.raises(ValidationError, match="per project is larger"):
        Workshops.model_validate({f"{what}_per_project": 11, f"{what}_per_cloud": 10})


@pytest.mark.parametrize(
    "wrong",
    [{"builds_per_project": 0}, {"most_seats": 0}, {"tries": 0}, {"stuck_times": 0.5}, {"seats": 40}],
)
def test_what_would_stop_every_workshop_or_nobody_knows_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Workshops.model_validate(wrong)
