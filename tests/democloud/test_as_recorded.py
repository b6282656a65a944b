"""The demo cloud answers as a real Nova 26 and Keystone 22 did: status, sentence, headers, and every key."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import pytest

from tests.democloud import conversation_keystone, conversation_nova
from tests.democloud.cloud import new_cloud
from tests.democloud.conversation import Talk
from tests.democloud.record import PATH

RECORDED: dict[str, dict[str, Any]] = json.loads(PATH.read_text())
# The cloud that was recorded ends at 2.93, the demo cloud at 2.96.
NEWER = {"and maximum is 2.93": "and maximum is 2.96"}


def expected(label: str) -> dict[str, Any]:
    text = json.dumps(RECORDED[label])
    for old, new in NEWER.items():
        text = text.replace(old, new)
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def answers() -> dict[str, dict[str, Any]]:
    """One conversation with the demo cloud, held when the first test asks."""

    async def hold() -> dict[str, dict[str, Any]]:
        cloud = new_cloud("empty")

        async def until(talk: Talk, server_id: str, status: str) -> None:
            cloud.advance(60)

        keystone = f"{cloud.world.base_url}/identity/v3"
        async with cloud.http as http:
            talk = Talk(http, keystone, "carol", "demo", "TRA220028", until)
            await talk.log_in()
            await conversation_nova.converse(talk)
            await conversation_keystone.converse(talk)
        return talk.said

    with asyncio.Runner() as runner:
        return runner.run(hold())


@pytest.mark.parametrize("label", sorted(RECORDED))
def test_the_answer_is_that_of_the_real_cloud(label: str) -> None:
    assert answers()[label] == expected(label)


def test_nothing_is_said_that_was_not_recorded() -> None:
    assert set(answers()) == set(RECORDED)
