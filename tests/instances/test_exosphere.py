"""Exosphere's marks: what we write it can read, and nothing that others write breaks us."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.exosphere import (
    Setup,
    Web,
    login_user,
    maker,
    marks_of,
    metadata_of,
    parse_setup,
    setup_text,
)

MOMENT = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


def written(**changes: object) -> dict[str, str]:
    given = {
        "client": "6d3c4b0e-0000-5000-8000-000000000000",
        "creator": "bob@access-ci.org",
        "instance_id": "018f",
        "desktop": False,
        "address": "automatic",
    }
    return metadata_of(**{**given, **changes})  # type: ignore[arg-type]


def test_a_new_server_is_one_of_version_six_that_waits_for_its_set_up() -> None:
    found = written()
    assert found["exoServerVersion"] == "6"
    assert found["exoCreatorUsername"] == "bob@access-ci.org"
    assert json.loads(found["exoSetup"]) == {"status": "waiting", "epoch": None}
    assert "exoGuac" not in found
    assert all(isinstance(value, str) and len(value) <= 255 for value in found.values())


@pytest.mark.parametrize(
    ("option", "text"),
    [("automatic", "automatic"), ("existing", "useFloatingIp"), ("none", "doNotUseFloatingIp")],
)
def test_the_address_option_is_written_in_exospheres_words_and_read_back(option: str, text: str) -> None:
    found = written(address=option, floating_ip_id="ip-1")
    assert found["exoFloatingIpOption"] == text
    assert found.get("exoFloatingIpReuseOption") == ("ip-1" if option == "existing" else None)
    assert marks_of(found).address == option


def test_a_missing_address_option_means_none_and_an_unknown_one_automatic() -> None:
    assert marks_of({}).address == "none"
    assert marks_of({"exoFloatingIpOption": "whatever"}).address == "automatic"


def test_desktop_is_read_from_ours_and_from_exospheres() -> None:
    assert marks_of(written(desktop=True)).desktop
    assert not marks_of(written()).desktop
    assert marks_of({"exoGuac": '{"v":1,"ssh":true,"vnc":true}'}).desktop
    assert not marks_of({"exoGuac": '{"v":1,"ssh":true,"vnc":false}'}).desktop


@pytest.mark.parametrize(
    ("text", "version"),
    [("6", 6), ("0", 0), ("six", None), ("", None), ("-1", None), ("9" * 30, None), ("٦", None)],
)
def test_the_version_is_an_integer_or_the_server_is_not_exospheres(text: str, version: int | None) -> None:
    assert marks_of({"exoServerVersion": text}).version == version


def test_a_server_with_the_old_passphrase_is_version_zero() -> None:
    assert marks_of({"exouserPassword": "x"}).version == 0
    assert marks_of({}).version is None


def test_setup_is_written_in_milliseconds_and_read_back() -> None:
    text = setup_text("complete", MOMENT)
    assert json.loads(text) == {"status": "complete", "epoch": 1785585600000}
    assert parse_setup(text) == Setup("complete", MOMENT)


@pytest.mark.parametrize("text", ["complete", '{"exoSetup":"complete"}'])
def test_older_ways_to_say_it_are_understood(text: str) -> None:
    assert parse_setup(text) == Setup("complete", None)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{", '{"status":[]}', '{"status":"exploded"}', "[" * 5000, '"complete'],
)
def test_nonsense_is_no_setup(text: str) -> None:
    assert parse_setup(text) is None


@pytest.mark.parametrize("epoch", ["true", "1e999", "-5", "99999999999999999999", '"x"'])
def test_a_time_that_cannot_be_meant_is_left_out(epoch: str) -> None:
    assert parse_setup(f'{{"status":"running","epoch":{epoch}}}') == Setup("running", None)


@given(st.dictionaries(st.sampled_from([*sorted(written()), "exoGuac", "other"]), st.text(max_size=300)))
def test_no_metadata_breaks_the_reader(metadata: dict[str, str]) -> None:
    marks_of(metadata)


@pytest.mark.parametrize(
    ("metadata", "image", "user"),
    [
        ({"exoServerVersion": "6"}, "Featured-Ubuntu24", "exouser"),
        ({}, "Featured-Ubuntu24", "ubuntu"),
        ({}, "Featured-RockyLinux9", "rocky"),
        ({}, "my snapshot", ""),
        ({"exoServerVersion": "x; rm -rf"}, "Featured-Debian12", "debian"),
    ],
)
def test_whom_to_log_in_as(metadata: dict[str, str], image: str, user: str) -> None:
    assert login_user(metadata, image) == user


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("Ubuntu 24.04 LTS", "ubuntu"),
        ("AlmaLinux-9-GenericCloud", "almalinux"),
        ("CentOS-7", "centos"),
        ("CentOS Stream 9", "cloud-user"),
        ("RHEL 9.4", "cloud-user"),
        ("Red Hat Enterprise Linux 8", "cloud-user"),
        ("Fedora-Cloud-40", "fedora"),
        ("cirros-0.6", "cirros"),
        ("Windows Server", ""),
        ("", ""),
    ],
)
def test_ordinary_cloud_images_have_an_account_of_their_distribution(image: str, user: str) -> None:
    assert login_user({}, image) == user


def test_what_exosphere_serves_out_of_a_machine_is_told_from_what_it_does_not() -> None:
    guac = {"exoServerVersion": "6", "exoGuac": '{"v":1,"ssh":true,"vnc":false}'}
    assert marks_of(guac).web == Web(shell=True, desktop=False)
    assert marks_of(written()).web is None
    assert marks_of({**guac, "exoServerVersion": "2"}).web is None
    assert marks_of({"exoGuac": guac["exoGuac"]}).web is None


def test_who_follows_whose_conventions() -> None:
    assert maker(written(), "018f") == "here"
    # Metadata copied to another machine does not make it ours.
    assert maker(written(), "another") == "exosphere"
    assert maker({"exoServerVersion": "6"}, "018f") == "exosphere"
    assert maker({"exouserPassword": "x"}, "018f") == "exosphere"
    assert maker({}, "018f") == "elsewhere"


@pytest.mark.parametrize("version", ["0", "3"])
def test_before_version_four_nothing_reports_its_set_up(version: str) -> None:
    assert not marks_of({"exoServerVersion": version}).reports_setup
    assert marks_of({"exoServerVersion": "4"}).reports_setup
    assert not marks_of({}).reports_setup
