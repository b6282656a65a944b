"""What was begun while one was at the seat, and goes on when one is not any more. On OpenSSH's own sshd."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from instances.models import Instance
from instances.remote.models import RemoteSession
from instances.workshops import live
from instances.workshops.models import Learner, Seat, Workshop
from portal.accounts.models import User
from tests.instances.remote.pages import Refused, ShellPage, Socket, eventually
from tests.instances.remote.sshd import Sshd
from tests.instances.workshops.learner.conftest import Learning
from tests.instances.workshops.room import seat_of, sit

MINUTE = timedelta(minutes=1)


async def leave_seat(seat: Seat) -> None:
    """As the roster does it: out, and the seat is free."""

    def do() -> None:
        with transaction.atomic():
            Learner.objects.filter(seat=seat).update(state=Learner.State.OUT)
            Seat.objects.filter(pk=seat.pk).update(learner=None)
            live.seats_changed([seat])

    await sync_to_async(do)()


async def swap(seat: Seat, machine: Instance) -> None:
    def do() -> None:
        with transaction.atomic():
            sit(seat_of(seat.workshop), None, machine)
            live.seats_changed([seat])

    await sync_to_async(do)()


async def reason_of(page: ShellPage) -> str:
    return str(await eventually(lambda: RemoteSession.objects.get(pk=page.session).end_reason))


async def test_a_shell_at_ones_seat_opens_as_the_workshops_login(
    learning: Learning, at_sshd: Seat, machine: Instance, sshd: Sshd
) -> None:
    async with ShellPage(learning, machine) as page:
        assert (await page.until("open"))["login"] == sshd.login
        await page.run("echo $((40+2))", b"42")
    row = await RemoteSession.objects.aget(pk=page.session)
    assert (row.instance_id, row.login) == (machine.pk, sshd.login)


async def test_a_forged_login_gives_the_learners_own(
    learning: Learning, machine: Instance, sshd: Sshd
) -> None:
    for address in (None, f"/instances/{machine.pk}/remote/open/"):
        ask: Any = learning.ask
        if address is None:
            given = await sync_to_async(ask)(machine, login="exouser")
        else:
            answer = await sync_to_async(learning.client.post)(address, {"kind": "shell", "login": "exouser"})
            given = answer.json()
        row = await RemoteSession.objects.aget(pk=given["session"])
        assert row.login == sshd.login


async def test_a_ticket_from_before_the_removal_opens_nothing_after_it(
    learning: Learning, at_sshd: Seat, machine: Instance
) -> None:
    given = await sync_to_async(learning.ask)(machine)
    await leave_seat(at_sshd)
    socket = Socket(learning, given["path"], given["subprotocols"])
    assert await socket.connect()
    await socket.say(t="start", cols=80, rows=24, have=0, keep="portal")
    heard = [await socket.hear() for _ in range(2)]
    assert next(one["t"] for one in heard if isinstance(one, dict)) == "problem"
    assert not any(isinstance(one, dict) and one["t"] == "open" for one in heard)
    assert machine.name not in str(heard)
    await socket.leave()


async def test_who_is_removed_leaves_the_shell_within_a_moment(
    learning: Learning, at_sshd: Seat, machine: Instance
) -> None:
    async with ShellPage(learning, machine) as page:
        await page.until("open")
        await asyncio.sleep(0.2)
        await leave_seat(at_sshd)
        end = await page.until("end", 10)
        assert (end["reason"], end["again"]) == ("seat-over", False)
        assert "not yours at this time" in end["words"]
    assert await reason_of(page) == "seat-over"


async def test_when_the_workshop_ends_so_does_the_shell(
    learning: Learning, at_sshd: Seat, machine: Instance
) -> None:
    async with ShellPage(learning, machine) as page:
        await page.until("open")
        await asyncio.sleep(0.2)
        await Workshop.objects.filter(pk=at_sshd.workshop_id).aupdate(state=Workshop.State.ENDED)

        def told() -> None:
            with transaction.atomic():
                live.seats_changed([at_sshd])

        await sync_to_async(told)()
        assert (await page.until("end", 10))["reason"] == "seat-over"


async def test_a_seat_that_is_given_another_machine_goes_on_there(
    learning: Learning, at_sshd: Seat, machine: Instance, spare: Instance
) -> None:
    async with ShellPage(learning, machine) as page:
        await page.run("marker=old; echo at-$marker", b"at-old")
        await asyncio.sleep(0.2)
        await swap(at_sshd, spare)
        assert (await page.until("end", 10))["reason"] == "seat-over"
    # The page asks for what it had, and is given a new shell at the new machine.
    again = ShellPage(learning, machine)
    again.resume = page.session
    async with again:
        opened = await again.until("open")
        assert opened["session"] != page.session
        await again.run("echo at-${marker:-new}", b"at-new")
    row = await RemoteSession.objects.aget(pk=again.session)
    assert row.instance_id == spare.pk
    # The old one is closed to the learner, by whatever way.
    answer = await sync_to_async(learning.client.post)(
        f"/instances/{machine.pk}/remote/open/", {"kind": "shell"}
    )
    assert answer.status_code == 404


async def test_a_page_that_was_away_comes_back_to_its_shell(learning: Learning, machine: Instance) -> None:
    async with ShellPage(learning, machine) as page:
        await page.run("marker=mine; echo at-$marker", b"at-mine")
    again = ShellPage(learning, machine)
    again.resume = page.session
    async with again:
        assert (await again.until("open"))["session"] == page.session
        await again.run("echo still-$marker", b"still-mine")


async def test_between_the_meetings_nothing_opens_and_the_words_say_why(
    learning: Learning, at_sshd: Seat, machine: Instance
) -> None:
    await Workshop.objects.filter(pk=at_sshd.workshop_id).aupdate(closes_at=timezone.now() - MINUTE)
    with pytest.raises(Refused) as refused:
        await sync_to_async(learning.ask)(machine)
    assert refused.value.problem["id"] == "workshops:not-open"
    assert refused.value.problem["repairs"] == []


async def test_the_machine_of_ones_seat_takes_no_key_from_the_portals_page(
    learning: Learning, machine: Instance, sshd: Sshd
) -> None:
    given = await sync_to_async(learning.ask)(machine, kind="files")
    before = (sshd.etc.parent / "authorized_keys").exists() and (
        sshd.etc.parent / "authorized_keys"
    ).read_bytes()
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHb2nfNm0Jc3zFJmZ2u0k3m0m2o8nQb8kz8n0u8Qm5aB lea"
    for method in ("get", "post"):
        call = getattr(learning.client, method)
        fields = {"public_key": key, "sure": "1"} if method == "post" else {}
        answer = await sync_to_async(call)(f"/remote/{given['session']}/keys/", fields)
        assert answer.status_code == 403
    for what in ("", "remove"):
        answer = await sync_to_async(learning.client.post)(f"/remote/{given['session']}/trust/", {"do": what})
        assert answer.status_code in (403, 404)
    after = (sshd.etc.parent / "authorized_keys").exists() and (
        sshd.etc.parent / "authorized_keys"
    ).read_bytes()
    assert before == after


async def test_who_was_on_it_as_a_helper_is_on_it_as_a_learner_when_it_becomes_their_seat(
    at_sshd: Seat, machine: Instance, lea: User, learning: Learning, sshd: Sshd
) -> None:
    """A session begun by another login is not taken up again: it would be that of the machine's own account."""
    before = await RemoteSession.objects.acreate(
        instance=machine,
        person=lea,
        kind="shell",
        login="exouser",
        asked_at=timezone.now(),
        seen_at=timezone.now(),
    )
    given = await sync_to_async(learning.ask)(machine, resume=str(before.pk))
    assert given["session"] != str(before.pk)
    answer = await sync_to_async(learning.client.post)(
        f"/instances/{machine.pk}/remote/open/", {"kind": "shell", "resume": str(before.pk)}
    )
    assert answer.status_code == 404
