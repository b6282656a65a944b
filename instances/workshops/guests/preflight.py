"""What stands in the way of seats as such, before anything is launched: for the preflight. No call to any cloud."""

from instances import lacking, userdata
from instances.remote.jump_states import state_of
from instances.remote.jumps import jump_of
from instances.seat_spec import ShareData, VolumeData
from instances.userdata_seat import SeatFiles
from instances.workshops.guests.data import volumes_of
from instances.workshops.guests.seat_spec import SeatSpec, spec_of
from instances.workshops.models import Workshop
from portal.core.errors import PortalError
from portal.core.seal import unseal

# About as long as real ones are: what a machine is told, of the length that it will have.
_ID, _KEY, _CA = "0" * 36, "k" * 43, "ssh-ed25519 " + "A" * 68


def problems(workshop: Workshop) -> list[PortalError]:
    """Each would stop its seats, or make them what they must not be."""
    try:
        spec = spec_of(workshop)
    except PortalError as problem:
        return [problem]
    found = [fits(workshop, spec), _firewall(workshop), _jump(workshop), *_data(workshop, spec)]
    return [problem for problem in found if problem is not None]


def fits(workshop: Workshop, spec: SeatSpec | None = None) -> PortalError | None:
    """Whether what a seat is told is short enough for the cloud, which takes 64 KB."""
    spec = spec or spec_of(workshop)
    shares = [one for one in spec.data if isinstance(one, ShareData) and one.sealed_key]
    script = unseal(workshop.sealed_boot_script) if workshop.sealed_boot_script else ""
    try:
        userdata.build(
            instance_id=_ID,
            username="exouser",
            ssh_keys=[],
            desktop=workshop.desktop,
            boot_script=script,
            push_url="https://" + "p" * 80,
            metrics_key=_KEY,
            ca_public_keys=[_CA, _CA],
            seat=SeatFiles(spec, keys={one.folder: unseal(one.sealed_key) for one in shares}),
        )
    except userdata.BadUserData as error:
        return PortalError("workshops:bad-seat", title=workshop.title, reason=str(error))
    return None


def notes(workshop: Workshop) -> list[str]:
    """What does not stop it, and should be known."""
    spec = spec_of(workshop)
    found = []
    if spec.sudo:
        found.append(
            "Learners are administrators of their seats: they can read the boot script, keys of shares and all else "
            "that a machine is told at its launch."
        )
    copies = [one for one in spec.data if isinstance(one, VolumeData) and not one.shared]
    found += [
        f"Each seat gets a copy of {one.name or one.folder} of its own: {one.size_gb} GB each."
        for one in copies
    ]
    return found


def _firewall(workshop: Workshop) -> PortalError | None:
    if lacking.has(workshop.allocation, "firewall"):
        return None
    return PortalError("workshops:no-isolation", title=workshop.title)


def _jump(workshop: Workshop) -> PortalError | None:
    """One that is lost or put away comes back by itself; one that was chosen and cannot be set up does not."""
    jump = jump_of(workshop.allocation)
    if jump is None:
        return None
    state = state_of(jump)
    stuck = not (state.usable or state.busy or state.lost or state.action)
    return PortalError("workshops:jump-down", name=jump.instance.name, why=state.words) if stuck else None


def _data(workshop: Workshop, spec: SeatSpec) -> list[PortalError]:
    wanted = [one for one in spec.data if isinstance(one, VolumeData)]
    known = {volume.id: volume for volume in volumes_of(workshop.allocation)} if wanted else {}
    found = []
    for one in wanted:
        volume = known.get(one.volume_id)
        if volume is None:
            found.append(f"The volume {one.name or one.volume_id} is not there any more.")
        elif one.shared and not volume.multiattach:
            found.append(
                f"The volume {one.name or one.volume_id} can be on one machine only: choose it again."
            )
        elif one.shared and spec.sudo:
            found.append(f"Administrators could write to {one.name or one.volume_id}: choose it again.")
    return [PortalError("workshops:bad-data", reason=words) for words in found]
