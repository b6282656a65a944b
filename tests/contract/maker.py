"""Makes what scenarios need, all with the name of this run; what is made is registered, and goes."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portal.cloud import images, keypairs, networks, servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Flavor, Image, NewServer, Server, Volume
from portal.core.errors import PortalError
from tests.contract.places import Place
from tests.contract.waiting import eventually, gone, until

PREFIX = "contract-"
RUN = f"{PREFIX}{uuid.uuid4().hex[:8]}"
_numbers = iter(range(1, 1_000_000))


def new_name() -> str:
    # Of one width: none is the beginning of another, which `sweep` would take for its own.
    return f"{RUN}-{next(_numbers):05d}"


@dataclass
class Maker:
    """Removes at the end what it made, whatever happens. What a lost reply hides, `sweep` finds by its name."""

    cloud: Cloud
    place: Place
    size: Flavor
    image: Image
    _undo: list[Callable[[], object]] = field(default_factory=list)

    def name(self) -> str:
        return new_name()

    def server(self, **how: Any) -> str:
        """The id of a new server, still being built."""
        wanted: dict[str, Any] = {
            "name": self.name(),
            "flavor_id": self.size.id,
            "image_id": self.image.id,
            "availability_zone": self.place.zone,
        }
        server_id = servers.create_server(self.cloud, NewServer(**(wanted | how)))
        self.undo(lambda: self.remove_server(server_id))
        return server_id

    def active_server(self, **how: Any) -> Server:
        server_id = self.server(**how)
        return until(self.place, self.cloud, server_id, lambda server: server.status == "ACTIVE")

    def volume(self, size_gb: int = 1) -> Volume:
        """A new one, available."""
        volume_id = volumes.create_volume(self.cloud, name=self.name(), size_gb=size_gb).id
        self.undo(lambda: volumes.delete_volume(self.cloud, volume_id))
        return self.volume_once(volume_id, "available")

    def volume_once(self, volume_id: str, status: str) -> Volume:
        return eventually(
            self.place, lambda: volumes.get_volume(self.cloud, volume_id), lambda seen: seen.status == status
        )

    def attached(self, server_id: str, volume_id: str, tag: str = "") -> Volume:
        servers.attach_volume(self.cloud, server_id, volume_id, tag)
        self.undo(lambda: self.detach(server_id, volume_id))
        return self.volume_once(volume_id, "in-use")

    def detach(self, server_id: str, volume_id: str) -> None:
        servers.detach_volume(self.cloud, server_id, volume_id)
        self.volume_once(volume_id, "available")
        eventually(self.place, lambda: servers.attached_volumes(self.cloud, server_id), lambda seen: not seen)

    def floating_ip(self, *, port_id: str | None = None, tag: str = "") -> str:
        made = networks.create_floating_ip(self.cloud, port_id=port_id, description=self.name(), tag=tag)
        self.undo(lambda: networks.delete_floating_ip(self.cloud, made.id))
        return made.id

    def keypair(self, public_key: str) -> str:
        made = keypairs.create_keypair(self.cloud, self.name(), public_key)
        self.undo(lambda: keypairs.delete_keypair(self.cloud, made.name))
        return made.name

    def snapshot(self, server_id: str, name: str, marks: dict[str, str]) -> str:
        image_id = servers.create_image(self.cloud, server_id, name, marks)
        assert image_id is not None
        self.undo(lambda: images.delete_image(self.cloud, image_id))
        return image_id

    def undo(self, action: Callable[[], object]) -> None:
        self._undo.append(action)

    def undo_all(self) -> None:
        trouble: list[PortalError] = []
        while self._undo:
            try:
                self._undo.pop()()
            except PortalError as error:
                if error.id != "cloud:not-found":
                    trouble.append(error)
        assert not trouble, f"left behind on {self.place.name}: {trouble}"

    def remove_server(self, server_id: str) -> None:
        try:
            servers.delete_server(self.cloud, server_id)
        except PortalError as error:
            if error.id != "cloud:locked":
                raise
            servers.unlock(self.cloud, server_id)
            servers.delete_server(self.cloud, server_id)
        gone(self.place, self.cloud, server_id)
