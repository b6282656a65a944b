"""The comparison of shapes can fail."""

from tests.contract.shapes import differences, shape_of

REAL = shape_of(
    {"servers": [{"id": "a", "size": 1, "fault": None}, {"id": "b", "size": 2, "fault": {"code": 5}}]}
)


def wrong(answer: object) -> list[str]:
    return list(differences(REAL, shape_of(answer)))


def test_the_same_shape_with_other_values() -> None:
    assert wrong({"servers": [{"id": "x", "size": 9, "fault": {"code": 404}}]}) == []


def test_a_missing_key() -> None:
    assert wrong({"servers": [{"id": "x", "fault": None}]}) == [".servers[].size: missing"]


def test_another_kind() -> None:
    assert wrong({"servers": [{"id": 5, "size": 1, "fault": None}]}) == [
        ".servers[].id: text there, number here"
    ]


def test_an_object_where_a_list_belongs() -> None:
    assert wrong({"servers": {"id": "x"}}) == [".servers: list there, object here"]


def test_what_is_missing_deep_down() -> None:
    assert wrong({"servers": [{"id": "x", "size": 1, "fault": {"words": "no"}}]}) == [
        ".servers[].fault.code: missing"
    ]


def test_an_empty_list_says_nothing() -> None:
    assert wrong({"servers": []}) == []


def test_rows_together_show_what_one_alone_does_not() -> None:
    assert REAL == {"servers": [{"fault": {"code": "number"}, "id": "text", "size": "number"}]}


def test_keys_that_are_data_do_not_count() -> None:
    real, other = shape_of({"metadata": {"a": "b"}}), shape_of({"metadata": {"c": "d"}})
    assert list(differences(real, other)) == []
