"""The script that lets our certificates into a machine: run by sh, judged by OpenSSH's own sshd."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.principals import principal
from instances.remote.trust_script import REFUSALS, pasted, script
from tests.instances.remote import sshd as real

ID = "0192aaaa-0000-7000-8000-000000000001"
OTHER_ID = "0192aaaa-0000-7000-8000-000000000002"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOm1dPHF0vZG8q1nGFm0W1YlHcXUuZ1mB6vJ2V7d7n2Q heliosphere-1"
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]


@pytest.fixture(params=[True, False], ids=["with drop-ins", "before OpenSSH 8.2"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[real.Sshd]:
    yield from real.start(tmp_path, include=request.param)


@pytest.fixture
def authority() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    return str(key.export_public_key("openssh").decode().strip())


def text(action: str, server: real.Sshd, *keys: asyncssh.SSHKey, login: str = "") -> str:
    return script(
        action,  # type: ignore[arg-type]
        instance_id=ID,
        login=login or server.login,
        authorities=[public(key) for key in keys],
        etc=str(server.etc),
        pid_file=str(server.pid_file),
    )


def run(source: str, shell: str = "sh") -> "subprocess.CompletedProcess[str]":
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    return subprocess.run([*words, "-s"], input=source, capture_output=True, text=True, check=False)


def lets_in(server: real.Sshd, by: asyncssh.SSHKey, *, whom: str = "", name: str = "") -> bool:
    """Whether a certificate of that authority opens a shell."""
    server.until_ready()
    key = asyncssh.generate_private_key("ssh-ed25519")
    names = [name or principal(ID, server.login)]
    certificate = by.generate_user_certificate(key, "test", principals=names, valid_before="+1h")

    async def login() -> bool:
        try:
            async with asyncssh.connect(
                "127.0.0.1",
                server.port,
                username=whom or server.login,
                client_keys=[(key, certificate)],
                known_hosts=([asyncssh.import_public_key(server.host_key)], [], []),
                config=None,
                agent_path=None,
            ) as connection:
                return bool((await connection.run("echo in")).stdout == "in\n")
        except asyncssh.PermissionDenied:
            return False

    async def until_answered() -> bool:
        """A reloaded sshd lets go of its port for a moment, also just after it has answered."""
        for _ in range(100):
            with suppress(ConnectionError, asyncssh.ConnectionLost):
                return await login()
            await asyncio.sleep(0.1)
        raise AssertionError("sshd does not come back")

    return asyncio.run(until_answered())


def test_a_certificate_opens_the_machine_after_it_and_not_before(
    server: real.Sshd, authority: asyncssh.SSHKey
) -> None:
    assert not lets_in(server, authority)
    done = run(text("install", server, authority))
    assert (done.returncode, done.stderr) == (0, "")
    assert lets_in(server, authority)


def test_only_one_for_this_machine_and_this_login_and_by_this_authority(
    server: real.Sshd, authority: asyncssh.SSHKey
) -> None:
    run(text("install", server, authority))
    assert not lets_in(server, authority, name=principal(OTHER_ID, server.login))
    assert not lets_in(server, authority, name=principal(ID, "nobody"))
    assert not lets_in(server, authority, name=server.login)
    assert not lets_in(server, authority, whom="nobody")
    assert not lets_in(server, asyncssh.generate_private_key("ssh-ed25519"))


def test_run_again_it_changes_nothing(server: real.Sshd, authority: asyncssh.SSHKey) -> None:
    run(text("install", server, authority))
    once = server.files()
    assert run(text("install", server, authority)).returncode == 0
    assert server.files() == once
    assert lets_in(server, authority)


def test_its_reverse_leaves_the_files_as_they_were(server: real.Sshd, authority: asyncssh.SSHKey) -> None:
    before = server.files()
    run(text("install", server, authority))
    assert server.files() != before
    done = run(text("remove", server))
    assert (done.returncode, done.stderr) == (0, "")
    assert server.files() == before
    assert not lets_in(server, authority)


def test_taking_back_what_was_never_there_is_no_error(server: real.Sshd) -> None:
    before = server.files()
    assert run(text("remove", server)).returncode == 0
    assert server.files() == before


def test_a_second_login_stays_when_the_first_one_is_taken_back(
    server: real.Sshd, authority: asyncssh.SSHKey
) -> None:
    run(text("install", server, authority))
    run(text("install", server, authority, login="daemon"))
    assert run(text("remove", server, login="daemon")).returncode == 0
    assert lets_in(server, authority)


def test_a_new_authority_is_taught_while_the_old_one_still_opens(
    server: real.Sshd, authority: asyncssh.SSHKey
) -> None:
    new = asyncssh.generate_private_key("ssh-ed25519")
    run(text("install", server, authority))
    assert run(text("install", server, new, authority)).returncode == 0
    assert lets_in(server, new) and lets_in(server, authority)
    assert run(text("install", server, new)).returncode == 0
    assert lets_in(server, new)
    assert not lets_in(server, authority)


def test_somebody_elses_authority_is_left_alone(tmp_path: Path, authority: asyncssh.SSHKey) -> None:
    theirs = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "theirs.pub").write_text(public(theirs) + "\n")
    for server in real.start(tmp_path, more=f"TrustedUserCAKeys {tmp_path}/theirs.pub"):
        before = server.files()
        done = run(text("install", server, authority))
        assert REFUSALS[done.returncode] == "remote:trust-other"
        assert server.files() == before
        assert lets_in(server, theirs, name=server.login)


def test_a_configuration_that_sshd_refuses_is_left_as_it_was(
    server: real.Sshd, authority: asyncssh.SSHKey
) -> None:
    server.main.write_text(server.main.read_text() + "NoSuchOption yes\n")
    before = server.files()
    done = run(text("install", server, authority))
    assert REFUSALS[done.returncode] == "remote:trust-refused"
    assert server.files() == before


def test_the_lines_do_not_fall_into_a_match_block(tmp_path: Path, authority: asyncssh.SSHKey) -> None:
    match = "Match User nobody\n  X11Forwarding no"
    for server in real.start(tmp_path, include=False, more=match):
        mode = server.main.stat().st_mode
        assert run(text("install", server, authority)).returncode == 0
        assert lets_in(server, authority)
        assert server.main.stat().st_mode == mode
        assert run(text("remove", server)).returncode == 0
        assert server.main.read_text().endswith(match + "\n")


def test_an_account_that_is_not_there_is_said(server: real.Sshd, authority: asyncssh.SSHKey) -> None:
    before = server.files()
    done = run(text("install", server, authority, login="nosuchlogin"))
    assert REFUSALS[done.returncode] == "remote:trust-no-login"
    assert server.files() == before


def test_who_is_not_root_is_told_so(server: real.Sshd, authority: asyncssh.SSHKey) -> None:
    command = ["setpriv", "--reuid", "65534", "--clear-groups", "sh", "-s"]
    done = subprocess.run(
        command, input=text("install", server, authority), capture_output=True, text=True, check=False
    )
    assert REFUSALS[done.returncode] == "remote:trust-needs-root"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_it_as_pasted(tmp_path: Path, authority: asyncssh.SSHKey, shell: str) -> None:
    for server in real.start(tmp_path):
        block = pasted(text("install", server, authority)).replace("sudo sh -s", "sh -s")
        done = run(block, shell)
        assert (done.returncode, done.stderr) == (0, "")
        assert lets_in(server, authority)


@pytest.mark.parametrize("action", ["install", "remove"])
def test_nothing_is_left_to_fill_in(action: str) -> None:
    made = script(action, instance_id=ID, login="exouser", authorities=[KEY])  # type: ignore[arg-type]
    assert "@" not in made.replace('"$@"', "")
    assert f"PRINCIPAL='{ID}:exouser'\n" in made
    assert "/etc/ssh" in made


@given(st.text(), st.text(), st.text())
def test_what_is_not_plain_never_reaches_a_shell(login: str, instance: str, key: str) -> None:
    for changed in ({"login": login}, {"instance_id": instance}, {"authorities": [key]}, {"etc": "/" + key}):
        values = {"instance_id": ID, "login": "exouser", "authorities": [KEY], **changed}
        try:
            made = script("install", **values)  # type: ignore[arg-type]
        except ValueError:
            continue
        assert made.count("\n") <= script("install", instance_id=ID, login="a", authorities=[KEY]).count("\n")
        head = made[: made.index("END_OF_KEYS'\n")] + made[made.index("\nEND_OF_KEYS\n") :]
        quoted = [line for line in head.splitlines() if line.startswith(("LOGIN=", "PRINCIPAL=", "ETC="))]
        assert all(line.count("'") == 2 and line.endswith("'") for line in quoted)


def test_without_an_authority_there_is_nothing_to_install() -> None:
    with pytest.raises(ValueError, match="no authority"):
        script("install", instance_id=ID, login="exouser")
