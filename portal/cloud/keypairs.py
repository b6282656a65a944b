"""SSH keys at Nova: they belong to a person, not to a project."""

from urllib.parse import quote

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, text
from portal.cloud.types import Keypair


@translate.translated("compute")
def list_keypairs(cloud: Cloud) -> list[Keypair]:
    body = calls.compute(cloud, "GET", "/os-keypairs")
    return [_keypair(row["keypair"]) for row in body["keypairs"]]


@translate.translated("compute")
def create_keypair(cloud: Cloud, name: str, public_key: str) -> Keypair:
    """Keep a public key under a name. Private keys are never made by the cloud, nor sent to it."""
    wanted = {"keypair": {"name": name, "public_key": public_key}}
    if calls.compute_has(cloud, "2.2"):
        wanted["keypair"]["type"] = "ssh"
    return _keypair(calls.compute(cloud, "POST", "/os-keypairs", json=wanted)["keypair"])


def delete_keypair(cloud: Cloud, name: str) -> None:
    calls.compute(cloud, "DELETE", f"/os-keypairs/{quote(name, safe='')}")


def _keypair(row: Row) -> Keypair:
    return Keypair(
        name=row["name"],
        fingerprint=text(row, "fingerprint"),
        public_key=text(row, "public_key"),
        type=text(row, "type") or "ssh",
    )
