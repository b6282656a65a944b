"""Machines that take no certificate of the portal: the page is asked, and what it gives is kept nowhere."""

import pytest

from instances.models import Instance
from instances.remote.models import RemoteSession
from portal.accounts.models import User
from portal.core.redis_client import client
from tests.instances.remote.pages import ShellPage, browser
from tests.instances.remote.sshd import Sshd


async def test_the_page_is_asked_and_its_key_opens_the_machine(
    foreign: Instance, member: User, sshd: Sshd, key: str
) -> None:
    async with ShellPage(await browser(member), foreign) as page:
        asked = await page.until("ask")
        assert (asked["login"], asked["what"], asked["stored"]) == ("ubuntu", "key", False)
        await page.socket.say(t="secret", key=key, login=sshd.login)
        assert (await page.until("open"))["login"] == sshd.login
        await page.run("echo in-$((1+1))", b"in-2")
    row = await RemoteSession.objects.aget(pk=page.session)
    assert row.login == sshd.login


async def test_a_key_that_comes_with_the_start_is_not_asked_for(
    foreign: Instance, member: User, sshd: Sshd, key: str
) -> None:
    async with ShellPage(await browser(member), foreign, key=key, login=sshd.login) as page:
        await page.until("open")
        assert "ask" not in page.said


async def test_a_wrong_key_is_asked_for_again_and_not_for_ever(
    foreign: Instance, member: User, sshd: Sshd
) -> None:
    async with ShellPage(await browser(member), foreign) as page:
        for _ in range(5):
            await page.until("ask")
            await page.socket.say(t="secret", key="no key at all", login=sshd.login)
        assert (await page.until("problem"))["id"] == "remote:bad-key"


async def test_a_page_that_gives_nothing_is_told_the_problem(foreign: Instance, member: User) -> None:
    async with ShellPage(await browser(member), foreign) as page:
        await page.until("ask")
        await page.socket.say(t="secret")
        assert (await page.until("problem"))["id"] == "remote:needs-secret"


@pytest.mark.parametrize("login", ["-oProxyCommand=x", "a b", "", 7, None, "x" * 40], ids=str)
async def test_what_is_no_account_is_not_tried(
    foreign: Instance, member: User, key: str, login: object
) -> None:
    async with ShellPage(await browser(member), foreign) as page:
        await page.until("ask")
        await page.socket.say(t="secret", key=key, login=login)
        assert (await page.until("ask"))["login"] == "ubuntu"


async def test_the_key_is_in_neither_database_nor_redis(
    foreign: Instance, member: User, sshd: Sshd, key: str
) -> None:
    body = key.splitlines()[2]
    async with ShellPage(await browser(member), foreign, key=key, login=sshd.login) as page:
        await page.until("open")
        redis = client()
        for name in redis.keys("*"):  # type: ignore[union-attr]
            if redis.type(name) == b"string":
                assert body.encode() not in (redis.get(name) or b"")  # type: ignore[operator]
    rows = [str(row) async for row in RemoteSession.objects.values()]
    assert rows and body not in "".join(rows)
