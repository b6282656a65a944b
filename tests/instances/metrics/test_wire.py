"""What a guest may push, number by number."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.metrics.wire import Malformed, clock_error, is_instance, parse, signature

NOW = 1_772_366_400.0
SAMPLE: dict[str, Any] = {
    "t": NOW,
    "cpu": 12.5,
    "ram": 50,
    "disk": 91.2,
    "gpus": [{"util": 80, "mem": 25.5}],
    "net_in": 1000,
    "net_out": 2000,
    "disk_read": 0,
    "disk_write": 4096,
    "logins": 1,
}
FIELDS = set(SAMPLE)
OF_OLD_AGENTS = {"t", "cpu", "ram", "disk", "gpus", "net_in", "net_out"}


def body(*samples: Any, **changes: Any) -> bytes:
    return json.dumps({"v": 1, "samples": list(samples), **changes}).encode()


def one(**changes: Any) -> dict[str, Any]:
    (found,) = parse(body({**SAMPLE, **changes}), NOW)
    return found


def test_a_sample_as_the_agent_sends_it_comes_through_whole() -> None:
    assert one() == SAMPLE


def test_agents_in_the_field_that_know_nothing_of_disks_and_logins_are_taken_as_before() -> None:
    old = {name: SAMPLE[name] for name in OF_OLD_AGENTS}
    (found,) = parse(body(old), NOW)
    assert found == {**old, "disk_read": None, "disk_write": None, "logins": None}


@pytest.mark.parametrize(("value", "kept"), [(0, 0.0), (3, 3.0), (-1, None), (10_001, None), (True, None)])
def test_the_number_of_logins_has_bounds(value: object, kept: float | None) -> None:
    assert one(logins=value)["logins"] == kept


@pytest.mark.parametrize("field", ["cpu", "ram", "disk"])
@pytest.mark.parametrize("value", [-0.1, 100.1, "50", None, True, [50], {}, 10**400])
def test_a_percentage_that_cannot_be_meant_is_not_measured(field: str, value: object) -> None:
    found = one(**{field: value})
    assert found[field] is None
    assert {name for name in FIELDS - {field} if found[name] is not None} == FIELDS - {field}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_not_measured(number: str) -> None:
    (found,) = parse(body(SAMPLE).replace(b"12.5", number.encode()), NOW)
    assert found["cpu"] is None


@pytest.mark.parametrize(
    ("value", "kept"), [(0, 0.0), (1e12, 1e12), (1e12 + 1, None), (-1, None), (None, None)]
)
def test_a_rate_has_bounds(value: object, kept: float | None) -> None:
    assert one(net_in=value)["net_in"] == kept


class TestGpus:
    @pytest.mark.parametrize("value", [None, [], "none", 5, {}])
    def test_no_list_is_no_devices(self, value: object) -> None:
        assert one(gpus=value)["gpus"] is None

    def test_a_device_without_figures_is_still_one(self) -> None:
        assert one(gpus=[{"util": None, "mem": None}, {}, "x", {"util": 5}])["gpus"] == [
            {"util": None, "mem": None},
            {"util": None, "mem": None},
            {"util": None, "mem": None},
            {"util": 5.0, "mem": None},
        ]

    def test_a_thousand_are_cut(self) -> None:
        assert len(one(gpus=[{"util": 1, "mem": 1}] * 1000)["gpus"]) == 16


class TestTime:
    @pytest.mark.parametrize("t", [NOW - 899, NOW, NOW + 299])
    def test_samples_of_now_and_of_a_backlog_are_taken(self, t: float) -> None:
        assert one(t=t)["t"] == t

    @pytest.mark.parametrize("t", [NOW - 901, NOW + 301, 0, -1, None, "now", True, 1e300])
    def test_samples_of_another_time_are_left_out(self, t: object) -> None:
        assert parse(body({**SAMPLE, "t": t}, SAMPLE), NOW) == [SAMPLE]

    def test_a_guests_clock_is_compared_with_ours(self) -> None:
        assert clock_error("1772366410", NOW) == 10.0

    @pytest.mark.parametrize("moment", ["", "now", "1e9", "-5", "1.5", "٣", "1" * 13, " 5"])
    def test_what_is_no_time_is_none(self, moment: str) -> None:
        assert clock_error(moment, NOW) is None


class TestMalformed:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\xff\xfe",
            b"[]",
            b"null",
            b'{"v": 2, "samples": [{}]}',
            b'{"v": 1}',
            b'{"v": 1, "samples": []}',
            b'{"v": 1, "samples": {}}',
            b'{"v": 1, "samples": [5]}',
            b"[" * 50_000,
        ],
    )
    def test_a_body_that_is_no_push(self, raw: bytes) -> None:
        with pytest.raises(Malformed):
            parse(raw, NOW)

    def test_as_many_samples_as_ten_minutes_have_and_not_one_more(self) -> None:
        assert len(parse(body(*[SAMPLE] * 120), NOW)) == 120
        with pytest.raises(Malformed):
            parse(body(*[SAMPLE] * 121), NOW)


@pytest.mark.parametrize("name", ["", "x", "0192AAAA-0000-7000-8000-000000000001", "../etc", "0192aaaa" * 4])
def test_a_name_that_is_no_instances_is_refused(name: str) -> None:
    assert not is_instance(name)


def test_an_instances_id_is_taken() -> None:
    assert is_instance("0192aaaa-0000-7000-8000-000000000001")


def test_the_signature_covers_time_and_body() -> None:
    signed = signature("key", "1", b"body")
    assert (
        len(
            {
                signed,
                signature("key2", "1", b"body"),
                signature("key", "2", b"body"),
                signature("key", "1", b"b"),
            }
        )
        == 4
    )


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(FIELDS)), inner, max_size=4)
    ),
)


@given(values, st.sampled_from(sorted(FIELDS)))
def test_whatever_is_sent_only_numbers_in_range_come_out(value: object, field: str) -> None:
    try:
        found = parse(body({**SAMPLE, field: value}), NOW)
    except Malformed:
        return
    for sample in found:
        assert set(sample) == FIELDS
        assert all(sample[name] is None or 0 <= sample[name] <= 100 for name in ("cpu", "ram", "disk"))
        json.dumps(sample, allow_nan=False)
