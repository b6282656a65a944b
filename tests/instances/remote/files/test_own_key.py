"""Files of a machine that takes no certificate of the portal: let in with a key of the person's own."""

from pathlib import Path

from django.test import AsyncClient

from instances.models import Instance
from portal.accounts.models import User
from tests.instances.remote.files.page import open_page, problem, put_file
from tests.instances.remote.sshd import Sshd


async def test_a_key_lets_the_page_in_for_this_session(
    foreign: Instance, member: User, home: Path, sshd: Sshd, key: str
) -> None:
    put_file(home, b"data.csv", b"1,2")
    page = await open_page(member, foreign, home, login=sshd.login)
    refused = await page.get("list", path=page.path())
    assert (refused.status_code, problem(refused)) == (403, "remote:needs-secret")
    unlocked = await page.client.post(page.url("unlock"), {"key": key})
    assert unlocked.status_code == 204 and unlocked.content == b""
    assert "data.csv" in (await page.get("list", path=page.path())).content.decode()


async def test_a_wrong_one_is_refused_in_words_and_opens_nothing(
    foreign: Instance, member: User, home: Path, sshd: Sshd
) -> None:
    page = await open_page(member, foreign, home, login=sshd.login)
    refused = await page.client.post(page.url("unlock"), {"password": "guessed"})
    assert (refused.status_code, problem(refused)) == (403, "remote:secret-refused")
    assert (await page.get("list", path=page.path())).status_code == 403


async def test_another_person_cannot_unlock_it(
    foreign: Instance, member: User, pi: User, home: Path, sshd: Sshd, key: str
) -> None:
    page = await open_page(member, foreign, home, login=sshd.login)
    other = AsyncClient()
    await other.aforce_login(pi)
    assert (await other.post(page.url("unlock"), {"key": key})).status_code == 404
    assert (await page.get("list", path=page.path())).status_code == 403
