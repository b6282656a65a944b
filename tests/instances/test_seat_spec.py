"""What a seat may be told: everything in it is somebody's input, and ends in a shell as root."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from instances.seat_spec import SeatSpec, ShareData, VolumeData, checked_login, checked_repository
from instances.userdata_seat import SeatFiles, config

ID = "0192aaaa-0000-7000-8000-000000000001"


@pytest.mark.parametrize("name", ["learner", "ada", "student-7", "a", "l_2"])
def test_an_ordinary_name_is_a_login(name: str) -> None:
    assert checked_login(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("root", "exouser", "heliosphere", "heliojump", "ubuntu", "sudo", "docker", "systemd-network"),
        *("", "Ada", "7of9", "-rf", "a b", "a;b", "a\nb", "a" * 32, "é", "ada\n", "../etc"),
    ],
)
def test_what_a_machine_has_already_or_no_linux_takes_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"login|account"):
        checked_login(name)


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/course",
        "https://gitlab.example.edu/group/sub/course.git",
        "https://git.example.edu:8443/x/y.git",
    ],
)
def test_a_public_repository_over_https_is_taken(url: str) -> None:
    assert checked_repository(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("http://github.com/a/b", "git://github.com/a/b", "ssh://git@github.com/a/b", "file:///etc/passwd"),
        *("https://token@github.com/a/b", "https://user:secret@github.com/a/b", "https://github.com"),
        *("https://github.com/", "https://a/b?token=1", "https://a/b#x", "ext::sh -c id", "-uhttps://a/b"),
        *(
            "https://a/b c",
            "https://a/$(id)",
            "https://a/b;id",
            "https://a/b\nid",
            "https:///a/b",
            "https://é/a",
        ),
    ],
)
def test_every_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address of a repository"):
        checked_repository(url)


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "x.lock", "a/", "$(id)", "a\nb", "@{1}"])
def test_a_branch_is_a_name_and_no_option(ref: str) -> None:
    with pytest.raises(ValidationError):
        SeatSpec(workshop=uuid4(), login="ada", repository_ref=ref)


@pytest.mark.parametrize(
    "changes",
    [
        {"folder": "../etc"},
        {"folder": "a b"},
        {"folder": ""},
        {"path": "relative"},
        {"path": "/a/../b"},
        {"path": "/a b"},
        {"path": "/a\nnfs x y z"},
        {"hosts": "host;id"},
        {"hosts": ""},
        {"hosts": "a b"},
        {"hosts": "-o,host"},
        {"user": "a b"},
    ],
)
def test_a_share_is_hosts_a_path_and_a_folder(changes: dict[str, str]) -> None:
    given = {"folder": "shared", "protocol": "nfs", "hosts": "10.0.0.5", "path": "/export/course"}
    assert ShareData.model_validate(given)
    with pytest.raises(ValidationError):
        ShareData.model_validate({**given, **changes})


@pytest.mark.parametrize(
    "hosts", ["10.0.0.5", "mon1:6789,mon2:6789", "fd00::5", "[fd00::5]", "nfs.example.edu"]
)
def test_hosts_are_names_and_addresses_with_ports(hosts: str) -> None:
    assert ShareData(folder="x", protocol="cephfs", hosts=hosts, path="/x").hosts == hosts


def lines(spec: SeatSpec) -> list[str]:
    return config(SeatFiles(spec), ID).splitlines()


def test_each_fact_is_a_line() -> None:
    spec = SeatSpec(
        workshop=uuid4(),
        login="ada",
        repository_url="https://git.example.edu/a/b.git",
        repository_ref="main",
        start_port=8888,
        start_path="/lab",
        data=(
            VolumeData(folder="own", volume_id="v-1", size_gb=1),
            VolumeData(folder="all", volume_id="v-2", size_gb=1, shared=True),
            ShareData(folder="nfs", protocol="nfs", hosts="fd00::5", path="/e"),
            ShareData(folder="ceph", protocol="cephfs", hosts="m1,m2", path="/c", user="course"),
        ),
    )
    found = config(SeatFiles(spec, volumes={"own": "copy-1"}), ID).splitlines()
    assert found == [
        "login ada",
        "sudo no",
        f"principal {ID}:ada",
        "repository https://git.example.edu/a/b.git main",
        "port 8888",
        "path /lab",
        "volume own copy-1",
        "volume all v-2",
        "nfs nfs [fd00::5] /e",
        "cephfs ceph m1,m2 /c course",
    ]


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_text_adds_a_line_to_what_root_reads(path: str, url: str, ref: str) -> None:
    try:
        spec = SeatSpec(
            workshop=uuid4(), login="ada", start_path=path, repository_url=url, repository_ref=ref, title=url
        )
    except ValidationError:
        return
    known = {"login", "sudo", "principal", "repository", "path"}
    assert len(lines(spec)) <= 5
    assert {line.split(" ")[0] for line in lines(spec)} <= known


def test_a_key_is_never_shown_by_accident() -> None:
    spec = SeatSpec(workshop=uuid4(), login="ada")
    assert "AQBsecret" not in repr(SeatFiles(spec, keys={"ceph": "AQBsecret"}))
