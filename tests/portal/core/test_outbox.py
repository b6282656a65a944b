import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portal.core import outbox
from portal.core.events import AccessChanged, Changed, Html, Samples
from portal.core.outbox import Outbox, Prepared


def html(version: int, element: str = "row-1") -> Prepared:
    return prepared(Html(element, version, f"<i>{version}</i>", "changed", {}).message())


def changed(name: str, **detail: Any) -> Prepared:
    return prepared(Changed(name, detail).message())


def samples(*points: int, instance: str = "i1") -> Prepared:
    return prepared(Samples(instance, [{"t": point} for point in points]).message())


def prepared(message: dict[str, Any]) -> Prepared:
    made = Prepared.of(message)
    assert made is not None
    return made


def filled(*events: Prepared) -> Outbox:
    box = Outbox()
    for event in events:
        box.put(event)
    return box


def taken(box: Outbox, *, all: bool = True) -> Any:
    text = box.take(all=all)
    return json.loads(text) if text else None


def test_nothing_is_no_message() -> None:
    assert taken(Outbox()) is None
    assert Outbox().empty


def test_all_kinds_go_in_one_message_and_once() -> None:
    box = filled(html(1), changed("a"), samples(1))
    box.pong = True
    message = taken(box)
    assert set(message) == {"html", "changed", "samples", "pong"}
    assert box.empty
    assert taken(box) is None


def test_urgent_things_leave_the_rest_for_later() -> None:
    box = filled(html(1), changed("a"), samples(1))
    assert box.urgent
    assert taken(box, all=False) == {"samples": {"i1": [{"t": 1}]}}
    assert not box.urgent
    assert set(taken(box)) == {"html", "changed"}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30))
def test_of_each_element_the_newest_version_is_kept(sent: list[tuple[int, int]]) -> None:
    box = filled(*(html(version, f"row-{row}") for row, version in sent))
    newest: dict[str, int] = {}
    for row, version in sent:
        newest[f"row-{row}"] = max(version, newest.get(f"row-{row}", 0))
    message = taken(box) or {"html": []}
    assert {part["element"]: part["version"] for part in message["html"]} == newest


def test_the_same_change_told_twice_is_told_once() -> None:
    assert taken(filled(changed("a", id=1), changed("a", id=1), changed("a", id=2)))["changed"] == [
        {"name": "a", "detail": {"id": 1}},
        {"name": "a", "detail": {"id": 2}},
    ]


def test_a_viewer_far_behind_is_told_to_fetch_again() -> None:
    box = filled(*(changed("a", id=number) for number in range(outbox.MOST_CHANGED + 1)))
    assert taken(box)["changed"] == [{"name": "live-resync", "detail": {}}]


def test_a_viewer_far_behind_gets_the_latest_samples_only() -> None:
    box = filled(*(samples(point) for point in range(500)))
    points = [sample["t"] for sample in taken(box)["samples"]["i1"]]
    assert points == list(range(500 - outbox.MOST_SAMPLES, 500))


def test_samples_of_several_machines_are_kept_apart() -> None:
    box = filled(samples(1), samples(2, instance="i2"), samples(3))
    assert taken(box)["samples"] == {"i1": [{"t": 1}, {"t": 3}], "i2": [{"t": 2}]}


def test_markup_that_looks_like_json_stays_a_string() -> None:
    event = prepared(Html("row", 1, '"}],"x":["</script>', "n", {}).message())
    assert taken(filled(event))["html"][0]["html"] == '"}],"x":["</script>'


def test_events_that_are_not_for_viewers_are_not_prepared() -> None:
    assert Prepared.of(AccessChanged().message()) is None
