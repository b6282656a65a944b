"""What a person wants of a workshop, as form and API send it; fields that were not sent are not touched. Pure.

What the cloud offers, and whether it may be had now, is looked at by `services` and `preflight`.
"""

from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from instances.seat_spec import SeatData, checked_login, checked_ref, checked_repository
from instances.specs import CloudId
from instances.workshops.clock.repeating import MOST as MOST_MEETINGS
from instances.workshops.roster.admission import MOST_DOMAINS

MOST_STEPS = 40
LONGEST_TEXT = 60_000
Domain = Annotated[str, StringConstraints(to_lower=True, max_length=100, pattern=r"^[A-Za-z0-9.-]+$")]
Step = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


def checked_start_path(path: str) -> str:
    """Where in the web application the learner begins: below its root, and no other address."""
    if path and (not path.startswith("/") or path.startswith("//") or not path.isascii()):
        raise ValueError("The path begins with one / and holds plain letters, such as /lab?reset.")
    if any(letter.isspace() or not letter.isprintable() or letter in "\\\"'<>`" for letter in path):
        raise ValueError("The path holds letters that no address has.")
    return path


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeetingIn(Part):
    """Wall-clock times of the workshop's zone. An end that is not after its beginning is on the next day."""

    day: date
    begins: time
    ends: time
    title: str = Field(default="", max_length=120)


class Admits(Part):
    """Who may join by the link. `guests`: with a code and a name alone, where the operators let that be."""

    roster_only: bool = False
    domains: tuple[Domain, ...] = Field(default=(), max_length=MOST_DOMAINS)
    approve: bool = False
    guests: bool = False


class Content(Part):
    """What a course is made of, whoever holds it: what a template keeps."""

    summary: str = Field(default="", max_length=2000)
    image_id: CloudId = ""
    image_name: str = Field(default="", max_length=255)
    flavor_id: CloudId = ""
    flavor_name: str = Field(default="", max_length=255)
    boot_volume_gb: int | None = Field(default=None, ge=1, le=65536)
    desktop: bool = False
    start_up: Literal["shell", "desktop", "port"] = "shell"
    start_port: int | None = Field(default=None, ge=1, le=65535)
    start_path: Annotated[str, Field(max_length=255), AfterValidator(checked_start_path)] = ""
    login: Annotated[str, AfterValidator(checked_login)] = "learner"
    sudo: bool = False
    repository_url: Annotated[str, AfterValidator(checked_repository)] = ""
    repository_ref: Annotated[str, AfterValidator(checked_ref)] = ""
    hand_out: str = Field(default="", max_length=LONGEST_TEXT)
    house_rules: str = Field(default="", max_length=LONGEST_TEXT)
    steps: tuple[Step, ...] = Field(default=(), max_length=MOST_STEPS)


class Wanted(Content):
    """`boot_script` None: as it is. `meetings` None: as they are."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)] = ""
    time_zone: str = Field(default="", max_length=64)
    meetings: tuple[MeetingIn, ...] | None = Field(default=None, max_length=MOST_MEETINGS)
    boot_script: str | None = Field(default=None, max_length=32768)
    data: tuple[SeatData, ...] = Field(default=(), max_length=8)
    seats: int = Field(default=0, ge=0, le=1000)
    spares: int = Field(default=0, ge=0, le=200)
    su_cap: Decimal | None = Field(default=None, ge=0, max_digits=14, decimal_places=2)
    ready_minutes: int = Field(default=15, ge=0, le=240)
    tail_minutes: int = Field(default=15, ge=0, le=240)
    between: Literal["shelve", "stop", "keep"] = "shelve"
    keep_days: int = Field(default=3, ge=0, le=90)
    admits: Admits = Admits()

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by their names in `models.Workshop`, as rows keep them."""
        plain = self.model_dump(exclude_unset=True, exclude={"meetings", "boot_script"})
        written = self.model_dump(mode="json", exclude_unset=True, exclude={"meetings", "boot_script"})
        return plain | {name: written[name] for name in ("data", "admits", "steps") if name in written}


def read(given: dict[str, Any]) -> tuple[Wanted, dict[str, str]]:
    """What of it is right, and what is wrong with the rest, by field: nobody loses a form to one bad line in it."""
    wrong: dict[str, str] = {}
    left = dict(given)
    while True:
        try:
            return Wanted.model_validate(left), wrong
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                name = str(one["loc"][0]) if one["loc"] else ""
                wrong.setdefault(name, _said(one["msg"]))
                left.pop(name, None)


def complaint(error: ValidationError) -> str:
    """The first thing that is wrong, for those who sent it in one piece."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {_said(first['msg'])}" if where else _said(first["msg"])


def _said(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text}."


def spares_for(seats: int) -> int:
    """What is suggested: one in twenty, at least one."""
    return max(1, -(-seats // 20)) if seats else 0
