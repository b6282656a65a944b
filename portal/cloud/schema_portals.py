"""Links to the same machine in a cloud's other portals. A part of the shape of portal.yaml."""

import re
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, field_validator

_NAMES = frozenset({"project_id", "region", "server_id"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class OtherPortal(BaseModel):
    """`server_url`: a machine's page there, with {project_id}, {region} and {server_id} where they belong."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    server_url: str

    @field_validator("server_url")
    @classmethod
    def _is_an_address_with_known_places(cls, given: str) -> str:
        if not re.match(r"https?://[^/{}]+/", given):
            raise ValueError("it has to begin with https://host/")
        unknown = set(_PLACEHOLDER.findall(given)) - _NAMES
        if unknown:
            raise ValueError(f"{sorted(unknown)} are no places to fill in: {sorted(_NAMES)} are")
        if "{server_id}" not in given:
            raise ValueError("it has to say where {server_id} belongs")
        return given

    def url_of(self, *, project_id: str, region: str, server_id: str) -> str:
        known = {"project_id": project_id, "region": region, "server_id": server_id}
        return _PLACEHOLDER.sub(lambda place: quote(known[place[1]], safe=""), self.server_url)
