"""Ports of a machine that takes no certificate of the portal: the portal's page asks for a key, the ports site never does."""

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.datastructures import MultiValueDict

from instances.models import Instance
from instances.remote.models import RemoteSession
from instances.remote.ports import door
from instances.remote.ports.forms import MOST_KEY, PortForm
from portal.accounts.models import User
from portal.core.redis_client import client as redis
from tests.instances.remote.ports.guest import Application, application
from tests.instances.remote.ports.test_entry import Person, forever
from tests.instances.remote.sshd import Sshd


@pytest.fixture
async def app() -> AsyncIterator[Application]:
    async with application(forever(b"my notebook")) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    door._known.clear()
    door._doors.clear()


@pytest.fixture
async def owner(machine: Instance, member: User) -> Person:
    return await sync_to_async(Person)(member)


async def test_a_key_opens_the_port_and_is_kept_only_by_its_connection(
    owner: Person, foreign: Instance, app: Application, sshd: Sshd, key: str
) -> None:
    host = await owner.opens(foreign, str(app.port), login=sshd.login, key=key)
    assert (await owner.get(host)).body == b"my notebook"
    assert (await owner.get(host)).body == b"my notebook", "nothing more is asked while it is open"
    session = await RemoteSession.objects.aget()
    assert session.login == sshd.login
    assert "PRIVATE KEY" not in str(vars(session))


async def test_a_password_or_key_is_sealed_on_its_way_and_gone_with_the_ticket(
    owner: Person, foreign: Instance, app: Application, sshd: Sshd, key: str
) -> None:
    address, fields = await sync_to_async(owner.leave)(foreign, str(app.port), login=sshd.login, key=key)
    stored = redis().get("remote-ticket:" + fields["ticket"])
    assert isinstance(stored, bytes) and b"PRIVATE" not in stored
    sealed = json.loads(stored)["sealed_secret"]
    assert sealed and sealed not in owner.left.content.decode()
    await owner.enter(address, fields)
    assert redis().get("remote-ticket:" + fields["ticket"]) is None


async def test_without_one_the_page_of_the_port_leads_to_where_it_is_asked_for(
    owner: Person, foreign: Instance, app: Application
) -> None:
    host = await owner.opens(foreign, str(app.port))
    answer = await owner.get(host)
    assert answer.status == 403 and app.connections == 0
    text = answer.body.decode()
    assert f"/instances/{foreign.pk}/ports/?port={app.port}&amp;ask=key" in text
    assert "<input" not in text and "<form" not in text, "a page of the machine's own site asks for no key"
    page = await sync_to_async(owner.client.get)(f"/instances/{foreign.pk}/ports/?port={app.port}&ask=key")
    fold = page.content.decode().split("A machine that asks for a key of yours")[0].rsplit("<details", 1)[1]
    assert " open" in fold


@pytest.mark.parametrize("given", [{"key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, {"password": "guessed"}])
async def test_what_the_machine_does_not_take_opens_nothing(
    owner: Person, foreign: Instance, app: Application, sshd: Sshd, given: dict[str, str]
) -> None:
    address, fields = await sync_to_async(owner.leave)(foreign, str(app.port), login=sshd.login, **given)
    answer = await owner.enter(address, fields)
    assert answer.status in {403, 422} and answer.header("set-cookie") is None
    assert urlsplit(address).netloc not in owner.cookies and app.connections == 0


async def test_another_account_is_another_session(
    owner: Person, foreign: Instance, app: Application, sshd: Sshd, key: str
) -> None:
    first = await owner.opens(foreign, str(app.port))
    second = await owner.opens(foreign, str(app.port), login=sshd.login, key=key)
    assert first != second


def posted(**given: object) -> PortForm:
    files = {name: value for name, value in given.items() if isinstance(value, SimpleUploadedFile)}
    data = {name: value for name, value in given.items() if name not in files}
    return PortForm({"where": "8888", **data}, MultiValueDict({name: [file] for name, file in files.items()}))


def test_a_key_may_come_as_a_file(db: None) -> None:
    form = posted(key_file=SimpleUploadedFile("id", b"-----BEGIN\nx\n"), login="ubuntu", passphrase=" words ")
    assert form.is_valid(), form.errors
    secret = form.secret
    assert secret is not None
    assert (secret.private_key, secret.passphrase, secret.login) == ("-----BEGIN\nx\n", " words ", "ubuntu")


def test_no_key_and_no_password_is_no_secret() -> None:
    form = posted(login="ubuntu", passphrase="words")
    assert form.is_valid() and form.secret is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("login", "-oProxyCommand=x"),
        ("login", "a b"),
        ("key", "x" * (MOST_KEY + 1)),
        ("key_file", SimpleUploadedFile("id", b"x" * (MOST_KEY + 1))),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_can_be_no_account_and_no_key_is_refused_by_the_form(field: str, value: object) -> None:
    assert list(posted(**{field: value}).errors) == [field]


def test_a_refused_form_does_not_repeat_the_key(client: Client, machine: Instance, member: User) -> None:
    client.force_login(member)
    answer = client.post(
        f"/instances/{machine.pk}/ports/open/",
        {"where": "no port", "key": "s3cret-key", "password": "s3cret"},
    )
    assert answer.status_code == 422 and "s3cret" not in answer.content.decode()
