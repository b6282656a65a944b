"""What scenarios make goes: also where nobody could register it, and nothing else goes with it."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import identity, images, keypairs, networks, servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import NewServer
from portal.core.errors import PortalError
from tests.contract import sweep as sweeping
from tests.contract.maker import RUN, Maker
from tests.contract.places import Place
from tests.contract.sweep import sweep, sweep_forgotten
from tests.contract.test_catalogue import KEY
from tests.contract.waiting import eventually


def forgotten(cloud: Cloud, make: Maker, name: str) -> str:
    """One of everything, made by somebody who died before the replies came in; the id of the server."""
    new = NewServer(
        name=f"{name}-server",
        flavor_id=make.size.id,
        image_id=make.image.id,
        availability_zone=make.place.zone,
    )
    server_id = servers.create_server(cloud, new)
    # Nova has no place to note a lock before the server is given to a host: it says 500.
    eventually(
        make.place,
        lambda: servers.get_server(cloud, server_id).task_state,
        lambda task: task != "scheduling",
    )
    servers.lock(cloud, server_id)
    made = volumes.create_volume(cloud, name=f"{name}-volume", size_gb=1)
    make.volume_once(made.id, "available")
    networks.create_floating_ip(cloud, description=f"{name}-address")
    networks.ensure_security_group(cloud, f"{name}-group", [])
    keypairs.create_keypair(cloud, f"{name}-key", KEY)
    identity.create_app_credential(
        cloud.login,
        project_id=cloud.project_id,
        name=f"{name}-credential",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return server_id


def test_what_nobody_registered_is_found_by_its_name(
    cloud: Cloud, make: Maker, place: Place, server_id: str
) -> None:
    lost = make.name() + "-lost"
    own = forgotten(cloud, make, lost)
    kept = make.volume()
    gone = sweep(place, cloud, lost)
    assert sorted(line.split()[0] for line in gone) == [
        *("address", "credential", "group", "key", "server", "volume")
    ]
    with pytest.raises(PortalError):
        servers.get_server(cloud, own)
    assert servers.get_server(cloud, server_id).status == "ACTIVE"
    assert volumes.get_volume(cloud, kept.id).status == "available"
    assert sweep(place, cloud, lost) == []


def test_what_a_killed_run_left_is_removed_once_it_is_old(
    cloud: Cloud, make: Maker, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = make.volume()
    assert sweep_forgotten(place, cloud) == []
    monkeypatch.setattr(sweeping, "PREFIX", RUN[:-1])
    monkeypatch.setattr(sweeping, "FORGOTTEN", timedelta(hours=-1))
    monkeypatch.setattr(sweeping, "_run_of", lambda name: volume.name)
    assert sweep_forgotten(place, cloud) == [f"volume {volume.name}"]
    eventually(
        place,
        lambda: [one for one in volumes.list_volumes(cloud) if one.id == volume.id],
        lambda left: not left,
    )
    assert images.list_images(cloud)


def test_a_scenario_that_cannot_remove_what_it_made_says_so(make: Maker) -> None:
    def refuse() -> None:
        raise PortalError("cloud:conflict")

    other = Maker(make.cloud, make.place, make.size, make.image)
    other.undo(refuse)
    with pytest.raises(AssertionError, match="left behind"):
        other.undo_all()
    other.undo_all()
