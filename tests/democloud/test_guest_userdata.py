from __future__ import annotations

import base64
import gzip
import json
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.democloud.guest_userdata import (
    AGENT_FILE,
    CA_FILE,
    DESKTOP_FILE,
    MAX_BYTES,
    SCRIPT_FILE,
    SETUP_FILE,
    parse,
)
from tests.democloud.guest_fixtures import agent_file, cloud_config

AGENT = json.dumps({"url": "http://127.0.0.1:1/push", "instance": "u", "key": "k", "interval": 5})


def with_file(content: str, encoding: str | None) -> bytes:
    entry = {"path": AGENT_FILE, "content": content} | ({"encoding": encoding} if encoding else {})
    return b"#cloud-config\n" + json.dumps({"write_files": [entry]}).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (AGENT, None),
        (AGENT, "text/plain"),
        (b64(AGENT.encode()), "b64"),
        (b64(AGENT.encode()), "base64"),
        (b64(gzip.compress(AGENT.encode(), mtime=0)), "gz+b64"),
        (b64(gzip.compress(AGENT.encode(), mtime=0)), "gzip+base64"),
    ],
)
def test_the_agents_file_is_found_in_each_encoding_of_cloud_init(content: str, encoding: str | None) -> None:
    agent = parse(with_file(content, encoding)).agent
    assert agent is not None
    assert (agent.url, agent.instance, agent.key, agent.interval) == ("http://127.0.0.1:1/push", "u", "k", 5)


def test_the_agents_key_is_not_in_its_repr() -> None:
    agent = parse(cloud_config(agent_file("http://127.0.0.1:1/", key="very-secret"))).agent
    assert agent is not None
    assert "very-secret" not in repr(agent)


@pytest.mark.parametrize(
    "content",
    ["", "not json", "[]", '{"url": "x"}', '{"url": 1, "instance": 2, "key": 3, "interval": "soon"}'],
)
def test_a_broken_agent_file_means_no_agent(content: str) -> None:
    assert parse(with_file(content, None)).agent is None


@pytest.mark.parametrize("encoding", ["b64", "gz+b64"])
def test_content_that_is_not_what_it_says_is_empty(encoding: str) -> None:
    assert parse(with_file("***", encoding)).files[AGENT_FILE] == b""


def multipart() -> bytes:
    message = MIMEMultipart(boundary="===============exosphere-user-data==")
    for kind, text in (
        ("cloud-boothook", "#!/bin/sh\necho boothook"),
        ("x-shellscript", "#!/bin/sh\necho running"),
        ("cloud-config", cloud_config(agent_file("http://127.0.0.1:1/")).decode()),
    ):
        part = MIMEText(text, kind)
        part.add_header("Content-Disposition", "attachment", filename=f"{kind}.txt")
        message.attach(part)
    return message.as_bytes()


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_exospheres_multipart_is_read_part_by_part(pack: object) -> None:
    assert callable(pack)
    found = parse(pack(multipart()))
    assert found.agent is not None
    assert [script.split()[-1] for script in found.scripts] == ["boothook", "running"]


def test_the_ca_and_the_principals_of_each_user_are_read() -> None:
    files = {
        CA_FILE: "ssh-ed25519 AAAA ca\n\n# a remark\n",
        "/etc/ssh/heliosphere_principals/exouser": "instance-1\ninstance-2\n",
        "/etc/ssh/heliosphere_principals/ubuntu": "",
    }
    found = parse(cloud_config(files))
    assert found.ca_keys == ("ssh-ed25519 AAAA ca",)
    assert found.principals == {"exouser": ("instance-1", "instance-2"), "ubuntu": ()}


@pytest.mark.parametrize("principal", ["*", "a,b", 'a" ssh-rsa', "!x", "a b"])
def test_a_principal_that_could_be_a_pattern_or_an_option_is_dropped(principal: str) -> None:
    found = parse(cloud_config({"/etc/ssh/heliosphere_principals/exouser": f"{principal}\ngood-1"}))
    assert found.principals == {"exouser": ("good-1",)}


@pytest.mark.parametrize("name", ["ssh_authorized_keys", "ssh-authorized-keys"])
def test_users_keys_are_read_in_both_spellings(name: str) -> None:
    users = ["default", {"name": "exouser", name: ["ssh-ed25519 AAAA me"]}]
    assert parse(cloud_config({}, users=users)).user_keys == {"exouser": ("ssh-ed25519 AAAA me",)}


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("#!/bin/bash\necho hi\n", 0),
        ("#!/bin/bash\nexit 3\n", 3),
        ("#!/bin/bash\nexit 3\necho after\n", 0),
        ("#!/bin/bash\nfalse\n", 1),
        ("#!/bin/bash\necho exit 3\n", 0),
        ("#!/bin/bash\ntrue; exit 256\n", 0),
    ],
)
def test_the_boot_script_ends_as_its_last_command_says(script: str, code: int) -> None:
    assert parse(cloud_config({SCRIPT_FILE: script})).script_exit == code
    assert parse(cloud_config({})).script_exit is None


def test_our_own_setup_and_its_desktop_are_recognised() -> None:
    plain, ours = parse(None), parse(cloud_config({SETUP_FILE: "#!/bin/sh"}))
    with_desktop = parse(cloud_config({SETUP_FILE: "#!/bin/sh", DESKTOP_FILE: "[Unit]"}))
    assert [one.heliosphere for one in (plain, ours, with_desktop)] == [False, True, True]
    assert [one.desktop for one in (plain, ours, with_desktop)] == [True, False, True]


def test_a_plain_script_and_nothing_at_all_are_fine() -> None:
    assert parse(b"#!/bin/bash\necho hi\n").scripts == ("#!/bin/bash\necho hi\n",)
    assert parse(None).files == {}
    assert parse(b"").files == {}


@pytest.mark.parametrize(
    "text",
    [
        "write_files: [",
        "- a list",
        "write_files: {a: b}",
        "write_files: [1, {path: 2}, {content: x}, {path: [1]}]",
        "users: 7",
        "users: [{name: x, ssh_authorized_keys: y}]",
        "x: !!python/object/apply:os.system [id]",
        "a: &a [x]\n"
        + "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]" for n in range(20))
        + "\nwrite_files: [{path: /x, content: *u}]\nhostname: *u",
    ],
)
def test_odd_cloud_configs_do_no_harm(text: str) -> None:
    found = parse(f"#cloud-config\n{text}".encode())
    assert found.agent is None
    assert all(len(content) < 100 for content in found.files.values())


def test_a_gzip_bomb_is_cut_off() -> None:
    bomb = gzip.compress(b"#!/bin/sh\n" + b"x" * (8 * MAX_BYTES))
    assert len(parse(bomb).scripts[0]) <= MAX_BYTES


@given(st.binary(max_size=300))
def test_no_bytes_stop_a_boot(data: bytes) -> None:
    parse(data)
    parse(b"#cloud-config\n" + data)
    parse(b"\x1f\x8b" + data)
