"""What a row takes from a server: each field, and what a hostile cloud or colleague may put there."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.mirror.fields import clean, facts_of, setup_of
from instances.models import Instance
from portal.cloud.config import clouds
from portal.cloud.types import Address, Fault
from tests.instances.servers import LONG_AGO, fixed, floating, server


def facts(**changes: Any) -> dict[str, Any]:
    return facts_of(server(**changes), clouds().cloud("demo").portal)


def test_every_fact_is_a_field_of_the_row_and_fits_into_it() -> None:
    long = "x" * 5000
    found = facts(
        name=long,
        status=long,
        vm_state=long,
        task_state=long,
        user_id=long,
        hostname=long,
        key_name=long,
        flavor_name=long,
        availability_zone=long,
        image_id=long,
        metadata={"exoCreatorUsername": long},
    )
    for name, value in found.items():
        field = Instance._meta.get_field(name)
        limit = getattr(field, "max_length", None)
        assert limit is None or value is None or len(value) <= limit, name


@pytest.mark.parametrize(
    ("addresses", "public", "private"),
    [
        ((), "", ""),
        ((fixed("10.0.0.5"),), "", "10.0.0.5"),
        ((fixed("10.0.0.5"), floating("149.165.1.2")), "149.165.1.2", "10.0.0.5"),
        ((fixed("149.165.1.2"),), "149.165.1.2", ""),
        ((fixed("2001:18e8::5"), fixed("10.0.0.5")), "2001:18e8::5", "10.0.0.5"),
        ((fixed("2001:18e8::5"), fixed("149.165.1.2")), "149.165.1.2", ""),
        ((fixed("172.20.0.9"),), "", "172.20.0.9"),
        ((fixed("172.32.0.9"),), "172.32.0.9", ""),
        ((fixed("fd00::1"), fixed("192.168.1.4")), "", "192.168.1.4"),
        ((floating("127.1.0.7"),), "127.1.0.7", ""),
    ],
)
def test_the_address_to_reach_it_by(addresses: tuple[Address, ...], public: str, private: str) -> None:
    found = facts(addresses=addresses)
    assert (found["public_address"], found["private_address"]) == (public, private)


@pytest.mark.parametrize("address", ["", "localhost", "10.0.0.5/24", "<b>", "10.0.0", "::1::"])
def test_what_is_no_address_is_left_out(address: str) -> None:
    assert facts(addresses=(fixed(address), fixed("10.0.0.5")))["addresses"] == [
        {"network": "auto_allocated_network", "address": "10.0.0.5", "version": 4, "kind": "fixed"}
    ]


def test_a_fault_is_kept_and_a_missing_one_is_empty() -> None:
    fault = Fault(code=500, message="No valid host\nwas found.", created=None)
    assert facts(fault=fault)["fault_message"] == "No valid hostwas found."
    assert facts()["fault_message"] == ""


def test_a_server_on_a_volume_leaves_image_and_disk_to_the_catalogue() -> None:
    found = facts(image_id=None)
    assert found["volume_backed"] is True
    assert not {"image_id", "disk_gb"} & found.keys()
    assert facts()["volume_backed"] is False


@pytest.mark.parametrize(
    ("status", "terminated", "deleted"),
    [
        ("ACTIVE", None, None),
        ("ACTIVE", LONG_AGO, None),
        ("SOFT_DELETED", None, None),
        ("DELETED", LONG_AGO, LONG_AGO),
        ("DELETED", None, datetime(2026, 1, 5, 12, 1, tzinfo=UTC)),
    ],
)
def test_only_what_the_cloud_calls_deleted_is_deleted(
    status: str, terminated: datetime | None, deleted: datetime | None
) -> None:
    assert facts(status=status, terminated_at=terminated)["deleted_at"] == deleted


@pytest.mark.parametrize(
    ("specs", "gpus"),
    [
        ({}, 0),
        ({"resources:CUSTOM_A100X_10C": "1"}, 1),
        ({"resources:CUSTOM_PCI_10DE_20B0": "4"}, 4),
        ({"resources:VGPU": "2"}, 2),
        ({"resources:CUSTOM_SOMETHING": "3"}, 0),
        ({"resources:VGPU": "many"}, 0),
        ({"resources:VGPU": "99999999"}, 0),
        ({"resources:VGPU": "-1"}, 0),
    ],
)
def test_gpus_are_counted_by_the_classes_that_the_operator_named(specs: dict[str, str], gpus: int) -> None:
    assert facts(flavor_extra_specs=specs)["gpus"] == gpus


def test_negative_and_enormous_numbers_stay_inside_the_database() -> None:
    found = facts(vcpus=-3, ram_mb=10**20, disk_gb=-1, power_state=-9)
    assert (found["vcpus"], found["ram_mb"], found["disk_gb"], found["power_state"]) == (0, 2**31 - 1, 0, 0)


def test_thousands_of_tags_groups_and_metadata_are_cut() -> None:
    many = tuple(f"t{number}" for number in range(5000))
    found = facts(tags=many, security_groups=many, metadata=dict.fromkeys(many, "x"))
    assert len(found["tags"]) == len(found["security_groups"]) == len(found["metadata"]) == 200


@pytest.mark.parametrize(
    ("current", "metadata", "holds"),
    [
        ("", {}, ""),
        ("", {"exoServerVersion": "6", "exoSetup": '{"status":"waiting","epoch":null}'}, "waiting"),
        ("", {"exoServerVersion": "3", "exoSetup": '{"status":"waiting","epoch":null}'}, ""),
        ("", {"exoSetup": '{"status":"complete","epoch":null}'}, ""),
        ("waiting", {"exoServerVersion": "6", "exoSetup": "complete"}, "complete"),
        ("complete", {"exoServerVersion": "6", "exoSetup": "running"}, "complete"),
        ("running", {"exoServerVersion": "6"}, "running"),
        ("running", {"exoServerVersion": "6", "exoSetup": "exploded"}, "running"),
    ],
)
def test_set_up_is_what_exosphere_says_and_never_goes_back(
    current: str, metadata: dict[str, str], holds: str
) -> None:
    assert setup_of(metadata, current)[0] == holds


@given(st.text(max_size=200), st.integers(0, 50))
def test_cleaned_text_is_printable_and_short(text: str, limit: int) -> None:
    found = clean(text, limit)
    assert found.isprintable()
    assert len(found) <= limit
    assert clean("plain text", 50) == "plain text"


@given(
    name=st.text(max_size=60),
    status=st.text(max_size=40),
    metadata=st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=5),
    tags=st.lists(st.text(max_size=70), max_size=5),
)
def test_no_server_breaks_the_mirror(
    name: str, status: str, metadata: dict[str, str], tags: list[str]
) -> None:
    found = facts(name=name, status=status, metadata=metadata, tags=tuple(tags))
    assert found["name"]
    assert found["status"]
    assert not any(tag.startswith("exoPw:") for tag in found["tags"])
