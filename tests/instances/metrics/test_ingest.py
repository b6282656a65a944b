"""Taking in what guests push, without Django and without the database."""

import json
import time
from typing import Any

import pytest
from channels.layers import get_channel_layer
from pytest_django import Settings

from instances.metrics import stream, wire
from instances.metrics.ingest import Ingest
from instances.metrics.limits import Limits
from portal.core import presence
from tests.instances.metrics.conftest import Guest

OTHER = "0192bbbb-0000-7000-8000-000000000002"


def waiting() -> list[stream.Push]:
    return stream.read(1000)[1]


class TestTaken:
    async def test_a_signed_push_is_on_the_stream_with_its_instance(self, guest: Guest) -> None:
        sample = guest.sample()
        assert await guest.push(sample) == 202
        assert waiting() == [(guest.instance, [sample])]
        assert guest.answer == {}

    async def test_it_costs_no_query(self, guest: Guest) -> None:
        # No `db` fixture: pytest-django makes any query an error.
        assert await guest.push() == 202

    async def test_a_backlog_comes_in_one_push(self, guest: Guest) -> None:
        samples = [guest.sample(t=round(time.time() - 5 * index, 3)) for index in range(120)]
        assert await guest.push(*samples) == 202
        assert waiting() == [(guest.instance, samples)]

    async def test_a_body_in_pieces_is_put_together(self, guest: Guest) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        assert await guest.send(body, guest.signed(body), chunk=7) == 202

    async def test_a_push_with_nothing_usable_is_taken_and_stores_nothing(self, guest: Guest) -> None:
        assert await guest.push(guest.sample(t=5)) == 202
        assert waiting() == []


class TestRefused:
    async def test_a_signature_with_another_key(self, guest: Guest) -> None:
        assert await guest.push(key="wrong") == 401
        assert waiting() == []

    async def test_one_guest_cannot_speak_for_another(self, guest: Guest) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        headers = {**guest.signed(body), "x-helio-instance": OTHER}
        assert await guest.send(body, headers) == 401
        assert waiting() == []

    async def test_a_body_that_was_changed_on_the_way(self, guest: Guest) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        assert await guest.send(body.replace(b"12.0", b"99.0"), guest.signed(body)) == 401

    async def test_a_time_that_was_changed_on_the_way(self, guest: Guest) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        headers = guest.signed(body)
        headers["x-helio-time"] = str(int(headers["x-helio-time"]) + 1)
        assert await guest.send(body, headers) == 401

    @pytest.mark.parametrize("missing", ["x-helio-instance", "x-helio-time", "x-helio-signature"])
    async def test_a_missing_header(self, guest: Guest, missing: str) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        headers = {name: value for name, value in guest.signed(body).items() if name != missing}
        assert await guest.send(body, headers) == 401

    async def test_a_signature_that_is_no_text(self, guest: Guest) -> None:
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        assert await guest.send(body, {**guest.signed(body), "x-helio-signature": "\xe9\xff"}) == 401

    @pytest.mark.parametrize("name", ["../../etc/passwd", "x" * 5000, ""])
    async def test_a_name_that_is_no_instances_even_if_signed(self, guest: Guest, name: str) -> None:
        guest.instance = name
        assert await guest.push() == 401

    @pytest.mark.parametrize("clock", [-400, 400])
    async def test_a_clock_too_far_off_is_told_ours(self, guest: Guest, clock: float) -> None:
        assert await guest.push(clock=clock) == 401
        assert abs(guest.answer["now"] - time.time()) < 5
        assert waiting() == []

    @pytest.mark.parametrize("clock", [-290, 290])
    async def test_one_less_far_off_is_taken_and_told_too(self, guest: Guest, clock: float) -> None:
        assert await guest.push(clock=clock) == 202
        assert abs(guest.answer["now"] - time.time()) < 5

    async def test_a_stranger_with_a_wrong_clock_is_told_nothing(self, guest: Guest) -> None:
        assert await guest.push(key="wrong", clock=4000) == 401
        assert "now" not in guest.answer

    async def test_a_body_that_is_no_push(self, guest: Guest) -> None:
        assert await guest.send(b"{}", guest.signed(b"{}")) == 400
        assert "samples" in guest.answer["error"]

    async def test_a_body_that_says_it_is_too_long_is_not_read(self, guest: Guest) -> None:
        headers = {**guest.signed(b"{}"), "content-length": str(wire.MAX_BODY_BYTES + 1)}

        async def receive() -> dict[str, Any]:
            raise AssertionError("read")

        sent = []

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await guest.ingest({"type": "http", "method": "POST", "headers": raw}, receive, send)
        assert sent[0]["status"] == 413

    async def test_a_body_that_turns_out_too_long(self, guest: Guest) -> None:
        body = b"x" * (wire.MAX_BODY_BYTES + 1)
        headers = {name: value for name, value in guest.signed(body).items() if name != "content-length"}
        assert await guest.send(body, headers, chunk=8192) == 413

    @pytest.mark.parametrize("length", ["-1", "many", "1e3"])
    async def test_a_length_that_is_none(self, guest: Guest, length: str) -> None:
        assert await guest.send(b"{}", {**guest.signed(b"{}"), "content-length": length}) == 413

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_other_methods(self, guest: Guest, method: str) -> None:
        assert await guest.send(b"", guest.signed(b""), method=method) == 405


class TestKeys:
    async def test_a_new_first_key_of_the_ring_leaves_running_guests_their_keys(
        self, guest: Guest, settings: Settings
    ) -> None:
        assert await guest.push() == 202
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        headers = guest.signed(body)
        settings.SEAL_KEYS = ["a new first key of thirty-two characters", *settings.SEAL_KEYS]
        assert await guest.send(body, headers) == 202

    async def test_a_ring_without_the_old_key_does_not_know_them(
        self, guest: Guest, settings: Settings
    ) -> None:
        assert await guest.push() == 202
        body = json.dumps({"v": 1, "samples": [guest.sample()]}).encode()
        headers = guest.signed(body)
        settings.SEAL_KEYS = ["only a new key of thirty-two characters"]
        assert await guest.send(body, headers) == 401


class TestLimits:
    async def test_one_guest_that_pushes_without_end_is_slowed(self, guest: Guest) -> None:
        statuses = [await guest.push() for _ in range(40)]
        assert statuses[:30] == [202] * 30
        assert statuses[-1] == 429
        assert int(guest.headers["retry-after"]) >= 1

    async def test_and_another_is_not(self, guest: Guest, ingest: Ingest) -> None:
        for _ in range(40):
            await guest.push()
        assert await Guest(ingest, OTHER).push() == 202

    async def test_pushes_that_are_not_its_own_do_not_use_up_a_guests_share(self, guest: Guest) -> None:
        for _ in range(100):
            await guest.push(key="wrong")
        assert await guest.push() == 202

    def test_tokens_come_back_with_time(self) -> None:
        limits = Limits(per_second=1, burst=2)
        assert [limits.wait("a", 0.0), limits.wait("a", 0.0)] == [0, 0]
        assert limits.wait("a", 0.25) == pytest.approx(0.75)
        assert limits.wait("a", 1.0) == 0

    def test_a_long_silence_saves_up_no_more_than_the_burst(self) -> None:
        limits = Limits(per_second=1, burst=2)
        assert [bool(limits.wait("a", 1e6)) for _ in range(3)] == [False, False, True]

    def test_names_are_forgotten_the_longest_silent_first(self) -> None:
        limits = Limits(per_second=1, burst=1, names=2)
        limits.wait("a", 0.0)
        limits.wait("b", 0.0)
        limits.wait("a", 0.1)
        limits.wait("c", 0.1)
        assert limits.wait("a", 0.1) > 0
        assert limits.wait("b", 0.1) == 0


class TestLive:
    async def test_a_watched_machine_is_shown_at_once(self, guest: Guest) -> None:
        group = f"metrics.{guest.instance}"
        presence.touch([group])
        layer = get_channel_layer()
        assert layer is not None
        channel = await layer.new_channel("test.")
        await layer.group_add(group, channel)
        sample = guest.sample()
        assert await guest.push(sample) == 202
        message = await layer.receive(channel)
        assert (message["type"], message["group"]) == ("live.samples", group)
        assert (message["instance"], message["samples"]) == (guest.instance, [sample])
        await layer.flush()

    async def test_one_that_nobody_watches_is_only_stored(
        self, guest: Guest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        layer = get_channel_layer()
        assert layer is not None
        sent = []

        async def group_send(group: str, message: dict[str, Any]) -> None:
            sent.append(group)

        monkeypatch.setattr(layer, "group_send", group_send)
        presence.touch([f"metrics.{OTHER}"])
        assert await guest.push() == 202
        assert sent == []
        assert len(waiting()) == 1

    async def test_who_watches_is_asked_once_a_second_and_not_once_a_push(
        self, guest: Guest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = []

        def watched(prefix: str) -> set[str]:
            asked.append(prefix)
            return set()

        monkeypatch.setattr(presence, "watched", watched)
        for _ in range(10):
            await guest.push()
        assert asked == ["metrics."]


async def test_without_redis_the_guest_keeps_its_samples_and_comes_again(
    guest: Guest, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert await guest.push() == 503
    assert guest.headers["retry-after"] == "5"
