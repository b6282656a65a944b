"""What the seats of a workshop are, as their launches keep it."""

from pydantic import TypeAdapter, ValidationError

from instances.seat_spec import SeatData, SeatSpec
from instances.workshops.models import Workshop
from portal.core.errors import PortalError

__all__ = ["SeatSpec", "data_of", "spec_of"]
_DATA: TypeAdapter[tuple[SeatData, ...]] = TypeAdapter(tuple[SeatData, ...])


def spec_of(workshop: Workshop) -> SeatSpec:
    """PortalError `workshops:bad-seat` where something in it cannot be told to a machine."""
    port = workshop.start_up == Workshop.StartUp.PORT
    try:
        return SeatSpec(
            workshop=workshop.pk,
            title=workshop.title,
            login=workshop.login,
            sudo=workshop.sudo,
            repository_url=workshop.repository_url,
            repository_ref=workshop.repository_ref,
            start_port=workshop.start_port if port else None,
            start_path=workshop.start_path if port else "",
            data=data_of(workshop),
        )
    except ValidationError as error:
        raise _bad(workshop, error) from None


def data_of(workshop: Workshop) -> tuple[SeatData, ...]:
    """What seats are given to read: `Workshop.data`, checked."""
    try:
        return _DATA.validate_python(workshop.data)
    except ValidationError as error:
        raise _bad(workshop, error) from None


def _bad(workshop: Workshop, error: ValidationError) -> PortalError:
    first = error.errors(include_input=False, include_url=False)[0]
    reason = str(first["msg"]).removeprefix("Value error, ")
    return PortalError("workshops:bad-seat", title=workshop.title, reason=reason)
