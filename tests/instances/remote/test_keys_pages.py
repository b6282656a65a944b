"""Keys on a machine and trust put into it, from the page to OpenSSH's sshd and back."""

import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.test import AsyncClient
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance, Teammate
from instances.remote import attending, authority, teaching, trust, ways
from instances.remote.endings import End
from instances.remote.models import PlacedKey, RemoteSession
from instances.remote.trust_script import script
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.instances import rows
from tests.instances.remote import sshd as real
from tests.instances.rows import offer_key

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
BOB = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH6le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home/.ssh").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def server(tmp_path: Path, home: Path) -> Iterator[real.Sshd]:
    more = f"TrustedUserCAKeys {tmp_path}/ca.pub\nAuthorizedPrincipalsFile {tmp_path}/principals"
    yield from real.start(tmp_path, home=home, more=more)


@pytest.fixture
def lab(server: real.Sshd, allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch) -> Instance:
    made = rows.machine(allocation, member, public_address="127.0.0.1", host_keys=[server.host_key])
    folder, known = server.etc.parent, authority.trusted()
    (folder / "ca.pub").write_text("".join(f"{key}\n" for key in known))
    (folder / "principals").write_text(authority.principal(made.pk, server.login) + "\n")
    trust.launched(made, server.login, known)
    monkeypatch.setattr(ways, "_port", lambda instance: server.port)
    return made


class Page:
    """One person's page with a session of files, as panel.js opens it."""

    def __init__(self, lab: Instance) -> None:
        self.lab = lab
        self.client = AsyncClient()
        self.session = ""

    async def open(self, person: User) -> "Page":
        await sync_to_async(self.client.force_login)(person)
        answer = await self.client.post(f"/instances/{self.lab.pk}/remote/open/", {"kind": "files"})
        self.session = answer.json().get("session", "")
        return self

    async def get(self) -> str:
        answer = await self.client.get(f"/remote/{self.session}/keys/")
        assert answer.status_code == 200, answer.content
        return str(answer.content.decode())

    async def post(self, part: str = "keys", **given: Any) -> Any:
        return await self.client.post(f"/remote/{self.session}/{part}/", given)


@pytest.fixture
async def page(lab: Instance, member: User) -> AsyncIterator[Page]:
    yield await Page(lab).open(member)
    for one in list(attending._attended().values()):
        await one.finish(End("closed"))


def file(home: Path) -> Path:
    return home / ".ssh/authorized_keys"


def fields(answer: HttpResponse) -> dict[str, str]:
    """What the preview sends back when it is confirmed."""
    assert answer.status_code == 200, answer.content
    text = answer.content.decode()
    return dict(re.findall(r'type="hidden" name="(?!csrf)(\w+)" value="([^"]*)"', text))


async def test_the_keys_are_shown_with_what_they_are_limited_to(page: Page, home: Path) -> None:
    file(home).write_text(f'from="10.0.0.1" {ADA} <b>ada</b>\n')
    text = await page.get()
    assert "&lt;b&gt;ada&lt;/b&gt;" in text and "<b>ada" not in text
    assert "10.0.0.1" in text


async def test_one_is_added_as_it_was_shown_and_in_the_record(page: Page, home: Path, member: User) -> None:
    file(home).write_text(f"{ADA} ada\n")
    preview = await page.post(do="add", public_key=f"{BOB} bob@laptop")
    assert file(home).read_text() == f"{ADA} ada\n"
    given = fields(preview)
    assert given["public_key"] == f"{BOB} bob@laptop heliosphere:{member.username}"
    done = await page.post(**given)
    assert done.status_code == 200
    assert file(home).read_text() == f"{ADA} ada\n{given['public_key']}\n"
    placed = await sync_to_async(PlacedKey.objects.select_related("person").get)()
    assert (placed.person, placed.key) == (member, BOB)
    event = await sync_to_async(AuditEvent.objects.get)(action="remote.key-added")
    assert event.actor_name == str(member)


async def test_one_of_the_persons_own_at_the_cloud_may_be_chosen(
    page: Page, lab: Instance, member: User, pi: User
) -> None:
    await sync_to_async(offer_key)(lab.allocation, member, "mine")
    await sync_to_async(offer_key)(lab.allocation, pi, "hers")
    text = await page.get()
    assert "mine" in text and "hers" not in text
    refused = await page.post(do="add", keypair="hers")
    assert refused.status_code == 422


async def test_one_is_removed_as_it_was_shown(page: Page, home: Path) -> None:
    file(home).write_text(f"# kept\n{ADA} ada\n{BOB} bob\n")
    text = await page.get()
    prints = re.findall(r'name="key" value="(SHA256:[^"]+)"', text)
    given = fields(await page.post(do="remove", key=prints[0]))
    assert (await page.post(**given)).status_code == 200
    assert file(home).read_text() == f"# kept\n{BOB} bob\n"
    assert await sync_to_async(AuditEvent.objects.filter(action="remote.key-removed").count)() == 1


async def test_a_file_that_changed_since_the_preview_is_left_alone(page: Page, home: Path) -> None:
    file(home).write_text(f"{ADA} ada\n")
    given = fields(await page.post(do="add", public_key=BOB))
    file(home).write_text(f"{ADA} ada\n# somebody was here\n")
    assert (await page.post(**given)).status_code == 409
    assert "somebody was here" in file(home).read_text()
    assert not await sync_to_async(PlacedKey.objects.exists)()


async def test_the_last_way_in_goes_only_when_that_is_confirmed(
    page: Page, home: Path, lab: Instance
) -> None:
    file(home).write_text(f"{ADA} ada\n")
    print_ = re.findall(r'name="key" value="(SHA256:[^"]+)"', await page.get())[0]
    await sync_to_async(lab.ssh_trust.delete)()
    preview = await page.post(do="remove", key=print_)
    assert "last key" in preview.content.decode()
    refused = await page.post(**fields(preview))
    assert refused.status_code == 409
    assert file(home).read_text() == f"{ADA} ada\n"
    assert (await page.post(**fields(preview), last="1")).status_code == 200
    assert file(home).read_text() == ""


async def test_a_key_is_placed_for_a_teammate_by_who_let_them_in(
    page: Page, home: Path, lab: Instance, member: User, colleague: User
) -> None:
    refused = await page.post(do="add", public_key=ADA, person=str(colleague.pk))
    assert refused.status_code == 422
    await sync_to_async(Teammate.objects.create)(
        instance=lab, user=colleague, granted_by=member, at=timezone.now()
    )
    given = fields(await page.post(do="add", public_key=ADA, person=str(colleague.pk)))
    await page.post(**given)
    placed = await sync_to_async(PlacedKey.objects.select_related("person", "placed_by").get)()
    assert (placed.person, placed.placed_by) == (colleague, member)
    assert f"heliosphere:{colleague.username}" in file(home).read_text()


async def test_a_teammate_places_keys_for_nobody_else(
    lab: Instance, page: Page, member: User, colleague: User
) -> None:
    await sync_to_async(Teammate.objects.create)(
        instance=lab, user=colleague, granted_by=member, at=timezone.now()
    )
    theirs = await Page(lab).open(colleague)
    assert (await theirs.post(do="add", public_key=ADA, person=str(member.pk))).status_code == 422
    assert (await theirs.post(do="add", public_key=ADA)).status_code == 200


async def test_another_persons_session_is_nobodys_way_to_the_machine(
    page: Page, lab: Instance, pi: User, colleague: User
) -> None:
    for person in (pi, colleague):
        other = await Page(lab).open(person)
        other.session = page.session
        answer = await other.client.get(f"/remote/{page.session}/keys/")
        assert answer.status_code == 404
        assert (await other.post(do="add", public_key=ADA)).status_code == 404
        assert (await other.post("trust")).status_code == 404


async def test_without_signing_in_there_is_nothing(page: Page) -> None:
    answer = await AsyncClient().get(f"/remote/{page.session}/keys/")
    assert answer.status_code in {302, 401}


async def test_a_session_that_has_ended_reaches_nothing(page: Page, home: Path) -> None:
    await sync_to_async(RemoteSession.objects.update)(ended_at=timezone.now(), end_reason="closed")
    answer = await page.post(do="add", public_key=ADA)
    assert answer.status_code >= 400
    assert not file(home).exists()


class TestTrust:
    @pytest.fixture
    def foreign(self, server: real.Sshd, monkeypatch: pytest.MonkeyPatch) -> real.Sshd:
        """Its own files and never those of this machine; the line that lets the test in stays."""
        own = partial(script, etc=str(server.etc), pid_file=str(server.pid_file))
        monkeypatch.setattr(teaching, "script", own)
        return server

    async def test_what_belongs_to_somebody_else_is_said_in_words(
        self, page: Page, foreign: real.Sshd, lab: Instance
    ) -> None:
        before = foreign.files()
        answer = await page.post("trust", do="install")
        assert answer.status_code == 409
        assert "somebody else" in answer.content.decode()
        assert foreign.files() == before

    async def test_it_is_taken_back_on_the_machine_and_with_us(
        self, page: Page, foreign: real.Sshd, lab: Instance, member: User
    ) -> None:
        (foreign.etc / "heliosphere_ca.pub").write_text("ours")
        answer = await page.post("trust", do="remove")
        assert answer.status_code == 200, answer.content
        assert not (foreign.etc / "heliosphere_ca.pub").exists()
        assert await sync_to_async(trust.of)(lab) is None
        event = await sync_to_async(AuditEvent.objects.get)(action="remote.trust-removed")
        assert event.actor_name == str(member)

    async def test_a_teammate_may_not(
        self, page: Page, foreign: real.Sshd, lab: Instance, member: User, colleague: User
    ) -> None:
        await sync_to_async(Teammate.objects.create)(
            instance=lab, user=colleague, granted_by=member, at=timezone.now()
        )
        theirs = await Page(lab).open(colleague)
        before = foreign.files()
        assert (await theirs.post("trust", do="remove")).status_code == 403
        assert foreign.files() == before
