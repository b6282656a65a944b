"""Sizes. Always read from Nova: operators add and withdraw them."""

from portal.cloud import calls, translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, number, text, words
from portal.cloud.types import Flavor


@translate.translated("compute")
def list_flavors(cloud: Cloud) -> list[Flavor]:
    """The flavors that this project may use, with extra specs where the cloud tells them (2.61 and later)."""
    version = calls.compute_version(cloud, least="2.1")
    found = calls.rows(cloud, "compute", "/flavors/detail", "flavors", microversion=version)
    return [_flavor(row) for row in found]


def _flavor(row: Row) -> Flavor:
    return Flavor(
        id=row["id"],
        name=text(row, "name"),
        vcpus=number(row, "vcpus"),
        ram_mb=number(row, "ram"),
        disk_gb=number(row, "disk"),
        ephemeral_gb=number(row, "OS-FLV-EXT-DATA:ephemeral"),
        public=bool(row.get("os-flavor-access:is_public", True)),
        disabled=bool(row.get("OS-FLV-DISABLED:disabled", False)),
        description=text(row, "description"),
        extra_specs=words(row.get("extra_specs")),
    )
