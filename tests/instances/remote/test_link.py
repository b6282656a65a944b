"""Connections to OpenSSH's sshd: who is let in, and what is said when nobody is."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asgiref.sync import sync_to_async

from instances.models import Instance
from instances.remote import authority, limits
from instances.remote.dialing import connect
from instances.remote.link import Secret
from instances.remote.links import Links
from instances.remote.ways import Way, way_to
from portal.core.errors import PortalError
from tests.instances.remote.sshd import Sshd


@pytest.fixture
async def way(machine: Instance) -> Way:
    return await sync_to_async(way_to)(machine)


def changed(way: Way, **changes: object) -> Way:
    return replace(way, hops=(*way.hops[:-1], replace(way.machine, **changes)))  # type: ignore[arg-type]


def keygen(path: Path, words: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", words, "-f", path], check=True)


async def refusal(way: Way, secret: Secret | None = None) -> PortalError:
    with pytest.raises(PortalError) as refused:
        await connect(way, person="bob", secret=secret)
    return refused.value


async def test_a_certificate_opens_the_machine_and_names_the_person_in_its_log(way: Way, sshd: Sshd) -> None:
    link = await connect(way, person="bob")
    ran = await link.run("cat; exit 3", input=b"to and fro")
    assert (ran.status, ran.out) == (3, b"to and fro")
    await link.close()
    assert "ID heliosphere:bob" in (sshd.etc.parent / "sshd.log").read_text()


async def test_a_certificate_for_another_machine_is_refused(way: Way) -> None:
    other = changed(way, instance_id="another-machine")
    assert (await refusal(other)).id == "remote:certificate-refused"


async def test_a_certificate_for_another_login_is_refused(way: Way) -> None:
    assert (await refusal(changed(way, login="nobody"))).id == "remote:certificate-refused"


async def test_an_expired_certificate_is_refused(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CERTIFICATE_SECONDS", -30)
    assert (await refusal(way)).id == "remote:certificate-refused"


async def test_a_certificate_from_elsewhere_is_refused(way: Way, settings: object) -> None:
    settings.REMOTE_SOURCE_ADDRESSES = ["192.0.2.0/24"]  # type: ignore[attr-defined]
    assert (await refusal(way)).id == "remote:certificate-refused"
    settings.REMOTE_SOURCE_ADDRESSES = ["127.0.0.0/8"]  # type: ignore[attr-defined]
    link = await connect(way, person="bob")
    await link.close()


async def test_a_retired_authority_signs_nothing(way: Way) -> None:
    from django.utils import timezone

    from instances.remote.models import CertificateAuthority

    await CertificateAuthority.objects.aupdate(retired_at=timezone.now())
    assert (await refusal(way)).id == "remote:needs-secret"


async def test_the_newest_authority_that_the_machine_knows_is_taken(way: Way) -> None:
    await sync_to_async(authority.make)()
    link = await connect(way, person="bob")
    await link.close()


async def test_another_host_key_stops_before_anything_is_sent(way: Way, sshd: Sshd) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
    log = sshd.etc.parent / "sshd.log"
    before = log.read_text().count("Accepted")
    error = await refusal(changed(way, host_keys=(stranger.strip(),)))
    assert error.id == "remote:host-key"
    assert error.params["offered"] == sshd.host_key
    assert log.read_text().count("Accepted") == before


async def test_host_keys_of_another_kind_only_are_no_way_around(way: Way, sshd: Sshd) -> None:
    log = sshd.etc.parent / "sshd.log"
    before = log.read_text().count("Accepted")
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_public_key("openssh").decode()
    await refusal(changed(way, host_keys=(rsa.strip(),)))
    assert log.read_text().count("Accepted") == before


async def test_the_persons_own_key_opens_a_machine_that_takes_no_certificate(
    way: Way, sshd: Sshd, tmp_path: Path
) -> None:
    key = tmp_path / "id"
    keygen(key, "words")
    (sshd.etc.parent / "authorized_keys").write_bytes(key.with_suffix(".pub").read_bytes())
    foreign = changed(way, certificate=False, authorities=())
    assert (await refusal(foreign)).id == "remote:needs-secret"
    assert (await refusal(foreign, Secret(private_key=key.read_text()))).id == "remote:bad-key"
    assert (
        await refusal(foreign, Secret(private_key=key.read_text(), passphrase="x"))
    ).id == "remote:bad-key"
    assert (await refusal(foreign, Secret(private_key="no key"))).id == "remote:bad-key"
    link = await connect(foreign, person="bob", secret=Secret(key.read_text(), "words"))
    await link.close()


async def test_a_key_that_the_machine_does_not_know_is_refused(way: Way) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()
    error = await refusal(changed(way, certificate=False), Secret(private_key=key))
    assert (error.id, error.outcome) == ("remote:secret-refused", "auth")


def test_a_secret_is_in_no_text_of_itself() -> None:
    secret = Secret("private", "words", "password")
    assert not {"private", "words", "password"} & set(repr(secret).replace("'", " ").split())


async def test_nothing_listens(way: Way) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = await refusal(changed(way, port=free.getsockname()[1]))
    assert (error.id, error.outcome) == ("remote:refused", "retry")


@asynccontextmanager
async def serving(first: bytes) -> AsyncIterator[int]:
    """A server that says this, waits until the other side has gone, and is gone itself at the end."""
    here: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here.append(asyncio.current_task())  # type: ignore[arg-type]
        writer.write(first)
        if first:
            writer.close()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        async with asyncio.timeout(5):
            await asyncio.gather(*here)


async def test_what_listens_says_nothing(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(limits, "LOGIN_SECONDS", 0.2)

    async with serving(b"") as port:
        assert (await refusal(changed(way, port=port))).id == "remote:silent"


async def test_what_listens_speaks_something_else(way: Way) -> None:
    async with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert (await refusal(changed(way, port=port))).id in {"remote:not-ssh", "remote:lost"}


async def test_output_beyond_what_is_asked_for_is_not_kept(way: Way) -> None:
    link = await connect(way, person="bob")
    ran = await link.run("yes", most=1000)
    assert len(ran.out) == 1000
    with pytest.raises(PortalError):
        await link.run("sleep 20", seconds=0.2)
    await link.close()


async def test_a_machine_that_sends_faster_than_it_is_read_waits(way: Way) -> None:
    """asyncssh alone would hold ever more of it."""
    link = await connect(way, person="bob")
    process = await link.conn.create_process("cat /dev/zero", encoding=None)
    channel: Any = process.channel
    for _ in range(60):
        assert len(await process.stdout.read(32_768)) > 0
        await asyncio.sleep(0.02)
        held = sum(len(piece) for piece, _ in channel._recv_buf)
        assert held <= 2 * 1024 * 1024, "more waits than one window"
    process.close()
    await link.close()


# Shared by what one person has open.


async def test_two_of_one_person_share_a_connection_and_two_persons_do_not(way: Way) -> None:
    pool = Links()
    async with pool.borrow(way, user_id=1, person="bob") as first:
        async with (
            pool.borrow(way, user_id=1, person="bob") as second,
            pool.borrow(way, user_id=2, person="eve") as other,
        ):
            assert first is second
            assert other is not first
        assert not first.closed
    await pool.drop(way.instance_id, 1)
    await pool.drop(way.instance_id, 2)


async def test_no_connection_carries_more_sessions_than_sshd_allows(way: Way) -> None:
    from contextlib import AsyncExitStack

    from instances.remote.link import MOST_SESSIONS

    pool = Links()
    async with AsyncExitStack() as stack:
        found = [
            await stack.enter_async_context(pool.borrow(way, user_id=1, person="bob"))
            for _ in range(MOST_SESSIONS + 1)
        ]
        assert len(set(found)) == 2
    await pool.drop(way.instance_id, 1)


async def test_a_connection_that_died_is_not_lent_again(way: Way) -> None:
    pool = Links()
    async with pool.borrow(way, user_id=1, person="bob") as first:
        first.conn.abort()
        await first.conn.wait_closed()
        async with pool.borrow(way, user_id=1, person="bob") as second:
            assert second is not first
            assert (await second.run("echo fine")).out == b"fine\n"
    await pool.drop(way.instance_id, 1)


async def test_a_connection_that_a_secret_opened_is_closed_with_its_last_user(
    way: Way, sshd: Sshd, tmp_path: Path
) -> None:
    key = tmp_path / "id"
    keygen(key, "")
    (sshd.etc.parent / "authorized_keys").write_bytes(key.with_suffix(".pub").read_bytes())
    foreign, pool = changed(way, certificate=False), Links()
    async with (
        pool.borrow(foreign, user_id=1, person="bob", secret=Secret(key.read_text())) as link,
        pool.borrow(foreign, user_id=1, person="bob") as second,
    ):
        assert second is link
    async with asyncio.timeout(3):
        await link.conn.wait_closed()
    with pytest.raises(PortalError):
        async with pool.borrow(foreign, user_id=1, person="bob"):
            raise AssertionError("the secret was kept")


async def test_a_link_is_closed_by_and_by_when_nobody_uses_it(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instances.remote.links.LINGER_SECONDS", 0.05)
    pool = Links()
    async with pool.borrow(way, user_id=1, person="bob") as link:
        pass
    assert not link.closed
    async with asyncio.timeout(3):
        await link.conn.wait_closed()


async def test_a_failed_connection_leaves_no_trace(way: Way) -> None:
    pool = Links()
    for _ in range(2):
        with pytest.raises(PortalError):
            async with pool.borrow(changed(way, login="nobody"), user_id=1, person="bob"):
                raise AssertionError("nobody was let in")
    assert not pool._shared
