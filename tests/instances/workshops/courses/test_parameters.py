"""Values of a course template: typed, and in a script as values, never as script."""

import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from instances.workshops.courses.parameters import (
    BadValues,
    Parameter,
    fill,
    twins,
    value_complaint,
    with_values,
    without_values,
)


def parameter(**fields: Any) -> Parameter:
    return Parameter.model_validate({"name": "data_set", **fields})


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "path",
        "LD_PRELOAD",
        "IFS",
        "BASH_ENV",
        "x y",
        "1x",
        "x-y",
        "",
        "x;rm",
        "a" * 41,
        "GIT_SSH",
        "é",
    ],
)
def test_names_that_a_shell_or_its_programs_read_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        parameter(name=name)


@pytest.mark.parametrize("name", ["n", "data_set", "Students2"])
def test_plain_names_are_taken(name: str) -> None:
    assert parameter(name=name).name == name


@pytest.mark.parametrize(
    ("fields", "good", "bad"),
    [
        ({"type": "integer"}, ["0", "-3", "42"], ["4.2", "x", "1e5", "٣", "9" * 20]),
        ({"type": "bool"}, ["true", "false"], ["yes", "1", "True "]),
        ({"type": "enum", "options": ["small", "large"]}, ["small"], ["middle", "Small"]),
        ({"type": "string"}, ["anything; rm -rf /", "ü'\"$"], ["two\nlines", "a\x00b", "x" * 1001]),
    ],
)
def test_values_are_of_their_type(fields: dict[str, Any], good: list[str], bad: list[str]) -> None:
    one = parameter(**fields)
    assert all(value_complaint(one, value) == "" for value in good)
    assert all(value_complaint(one, value) for value in bad)


def test_what_was_not_given_is_the_default_and_what_is_needed_is_asked_for() -> None:
    rows = [parameter(default="cells"), parameter(name="n", type="integer", required=True)]
    values, wrong = fill(rows, {})
    assert values == {"data_set": "cells"} and list(wrong) == ["n"]
    values, wrong = fill(rows, {"n": "4", "data_set": "x"})
    assert (values, wrong) == ({"n": "4", "data_set": "x"}, {})


def test_a_ticked_box_is_true_and_one_that_is_not_is_false() -> None:
    rows = [parameter(type="bool", default="true")]
    assert fill(rows, {"data_set": "on"})[0] == {"data_set": "true"}
    assert fill(rows, {"data_set": ""})[0] == {"data_set": "false"}
    assert fill(rows, {"data_set": True})[0] == {"data_set": "true"}


def test_a_default_has_to_be_a_value_and_a_choice_needs_options() -> None:
    with pytest.raises(ValidationError):
        parameter(type="integer", default="many")
    with pytest.raises(ValidationError):
        parameter(type="enum")


def test_twins_are_found_whatever_their_capitals() -> None:
    assert twins([parameter(), parameter(name="Data_Set")]) == "Data_Set"
    assert twins([parameter(), parameter(name="other")]) == ""


@pytest.mark.parametrize(
    "script", ["#!/usr/bin/env python3\nprint(1)", "#cloud-config\nruncmd: []", "#!/usr/bin/perl"]
)
def test_what_is_no_shell_script_gets_no_values(script: str) -> None:
    with pytest.raises(BadValues):
        with_values(script, {"n": "1"})
    assert with_values(script, {}) == script


@pytest.mark.parametrize(
    "script", ["#!/bin/bash\necho hi\n", "#!/usr/bin/env bash\necho hi\n", "#!/bin/sh -e\necho\n"]
)
def test_values_stand_behind_the_first_line_and_come_out_again(script: str) -> None:
    whole = with_values(script, {"n": "1"})
    assert whole.splitlines()[0] == script.splitlines()[0] and "export n=1" in whole
    assert without_values(whole) == script


def test_a_script_without_a_first_line_gets_one_and_an_empty_one_stays_empty() -> None:
    assert with_values("echo hi\n", {"n": "1"}).startswith("#!/bin/bash\n")
    assert without_values(with_values("", {"n": "1"})) == ""
    assert without_values("echo plain\n") == "echo plain\n"


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60))
def test_a_shell_reads_back_what_was_filled_in(value: str) -> None:
    one = parameter()
    if value_complaint(one, value):
        return
    script = with_values("#!/bin/sh\nprintf '%s' \"$data_set\"\n", {"data_set": value})
    ran = subprocess.run(["sh"], input=script.encode(), capture_output=True, check=True, timeout=10)
    assert ran.stdout.decode() == value and ran.stderr == b""
