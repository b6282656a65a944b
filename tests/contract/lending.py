"""One server for many scenarios: on a real cloud it takes half a minute to make one."""

from dataclasses import dataclass

from portal.cloud import servers
from portal.cloud.types import Server
from portal.core.errors import PortalError
from tests.contract.maker import Maker

_MARKS = {"kept": "1"}


@dataclass
class Lender:
    """Lends a running server to one scenario after the other; one that came back changed is replaced."""

    make: Maker
    _server_id: str = ""

    def lend(self) -> str:
        if not self._server_id:
            self._server_id = self.make.active_server(metadata=_MARKS).id
        return self._server_id

    def take_back(self) -> None:
        if self._server_id and not self._as_new():
            self.close()

    def close(self) -> None:
        self._server_id = ""
        self.make.undo_all()

    def _as_new(self) -> bool:
        try:
            server = servers.get_server(self.make.cloud, self._server_id)
        except PortalError as error:
            if error.id != "cloud:not-found":
                raise
            return False
        return self._is_plain(server)

    def _is_plain(self, server: Server) -> bool:
        at_rest = server.status == "ACTIVE" and server.task_state is None and not server.locked
        bare = not server.volume_ids and not server.tags and server.metadata == _MARKS
        return at_rest and bare and server.flavor_name == self.make.size.name
