"""CACAO's files: what becomes of them, what is said of the rest, and that hostile ones end in a sentence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.workshops.courses.cacao import LONGEST, NotCacao, read

METADATA: dict[str, Any] = {
    "schema_version": "3",
    "name": "VMs for a workshop",
    "description": "Machines with\nJupyter",
    "template_type": "openstack_terraform",
    "purpose": "openstack_compute",
    "cacao_post_tasks": [{"type": "ansible"}],
    "parameters": [
        {"name": "username", "type": "cacao_username"},
        {"name": "project", "type": "cacao_provider_project"},
        {"name": "region", "type": "cacao_provider_region", "default": "IU"},
        {"name": "image_name", "type": "cacao_provider_image_name", "default": "Featured-Ubuntu24"},
        {"name": "flavor", "type": "cacao_provider_flavor", "default": "m3.small"},
        {"name": "keypair", "type": "cacao_provider_key_pair"},
        {"name": "instance_name", "type": "string"},
        {"name": "instance_count", "type": "integer", "default": 1},
        {"name": "power_state", "type": "string", "enum": ["active", "shutoff"], "default": "active"},
        {
            "name": "data_set",
            "type": "string",
            "description": "Which data",
            "enum": ["small", "large"],
            "default": "small",
        },
        {"name": "threads", "type": "integer", "default": 4, "required": True},
        {"name": "jupyter", "type": "bool", "default": True},
        {"name": "share_volume", "type": "cacao_provider_volume"},
        {"name": "PATH", "type": "string"},
    ],
}
UI: dict[str, Any] = {
    "steps": [
        {
            "title": "Parameters",
            "items": [
                {"name": "jupyter", "ui_label": "With Jupyter"},
                {
                    "type": "row",
                    "items": [{"name": "threads", "ui_label": "Threads", "help_text": "How many"}],
                },
            ],
        }
    ]
}


def course(metadata: Any = METADATA, ui: Any = UI) -> Any:
    return read(json.dumps(metadata), json.dumps(ui) if ui else "")


def test_plain_parameters_become_values_in_the_order_and_words_of_the_ui() -> None:
    found = course().parameters
    assert [one.name for one in found] == ["jupyter", "threads", "data_set"]
    assert [one.title for one in found] == ["With Jupyter", "Threads", "Data set"]
    assert [(one.type, one.default) for one in found] == [
        ("bool", "true"),
        ("integer", "4"),
        ("enum", "small"),
    ]
    assert found[1].help == "How many" and found[1].required and found[2].help == "Which data"


def test_what_a_workshop_has_itself_is_said_and_its_defaults_are_taken() -> None:
    found = course()
    assert any("image_name: the image" in text for text in found.mapped)
    assert any("keypair: keys are not needed" in text for text in found.mapped)
    assert any(text == "instance_count: the number of seats" for text in found.mapped)
    assert found.first == {"image_name": "Featured-Ubuntu24", "flavor_name": "m3.small"}
    assert (found.title, found.summary) == ("VMs for a workshop", "Machines with Jupyter")


def test_what_it_cannot_do_is_a_list_in_words() -> None:
    said = " ".join(course().cannot)
    assert "Terraform is not run" in said and "Ansible is not run" in said
    assert "tasks that it has after its run are not done" in said
    assert "cacao_provider_volume" in said and "PATH" in said


def test_without_a_ui_the_order_is_that_of_the_file() -> None:
    assert [one.name for one in course(ui=None).parameters] == ["data_set", "threads", "jupyter"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "neither"),
        ("{" * 50_000, "no JSON"),
        ("[" * 100_000 + "]" * 100_000, "deep"),
        (json.dumps({"parameters": "x"}), "no list"),
        (json.dumps({"parameters": [1]}), "no name"),
        (json.dumps({"parameters": [{"name": ""}]}), "no name"),
        ('{"parameters": [], "parameters": []}', "twice"),
        ('{"parameters": [], "x": NaN}', "no number"),
        (
            json.dumps({"parameters": [{"name": "a", "type": "string"}, {"name": "A", "type": "string"}]}),
            "Two parameters",
        ),
        (json.dumps({"parameters": [{"name": f"p{n}"} for n in range(121)]}), "121 parameters"),
        (json.dumps({"parameters": [{"name": f"p{n}", "type": "string"} for n in range(41)]}), "asks for 41"),
        (" " * (LONGEST + 1), "longer"),
    ],
)
def test_hostile_files_end_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(NotCacao, match=words):
        read(text)


def test_what_is_nested_too_deep_is_refused_where_json_would_take_it() -> None:
    deep: Any = "x"
    for _ in range(30):
        deep = {"a": deep}
    with pytest.raises(NotCacao, match="deep"):
        course({**METADATA, "filters": deep})


def test_a_hostile_ui_changes_nothing_but_words() -> None:
    for ui in ({"steps": 3}, {"steps": [1, {"items": "x"}, {"items": [None, {"name": 4}]}]}):
        assert len(course(ui=ui).parameters) == 3
    loud = {"steps": [{"items": [{"name": "threads", "ui_label": "<script>\x00" + "x" * 900}]}]}
    label = course(ui=loud).parameters[0].label
    assert len(label) <= 120 and "\x00" not in label


@pytest.mark.parametrize("default", [["x"], {"a": 1}, None, "two\nlines", "x" * 5000])
def test_a_default_that_is_no_value_is_left_out_or_said(default: Any) -> None:
    found = course({**METADATA, "parameters": [{"name": "n", "type": "string", "default": default}]}, None)
    assert all(one.default == "" for one in found.parameters)
    assert found.parameters or any("“n”" in text for text in found.cannot)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["name", "type", "default", "enum", "required"]), _JSON), max_size=4
    ),
    ui=_JSON,
)
def test_any_json_is_read_or_refused_in_words(rows: list[Any], ui: Any) -> None:
    try:
        found = read(json.dumps({"parameters": rows}), json.dumps({"steps": ui}))
    except NotCacao as wrong:
        assert str(wrong)
    else:
        assert len(found.parameters) <= len(rows)
