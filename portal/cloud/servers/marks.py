"""Metadata and tags of a server."""

from collections.abc import Mapping
from urllib.parse import quote

from portal.cloud import calls
from portal.cloud.connection import Cloud


def set_metadata(cloud: Cloud, server_id: str, items: Mapping[str, str]) -> None:
    """Add or replace these keys; the others stay."""
    calls.compute(cloud, "POST", f"/servers/{server_id}/metadata", json={"metadata": dict(items)})


def delete_metadata(cloud: Cloud, server_id: str, key: str) -> None:
    calls.compute(cloud, "DELETE", f"/servers/{server_id}/metadata/{quote(key, safe='')}")


def add_tag(cloud: Cloud, server_id: str, tag: str) -> None:
    calls.compute(cloud, "PUT", f"/servers/{server_id}/tags/{quote(tag, safe='')}", least="2.26")


def remove_tag(cloud: Cloud, server_id: str, tag: str) -> None:
    calls.compute(cloud, "DELETE", f"/servers/{server_id}/tags/{quote(tag, safe='')}", least="2.26")
