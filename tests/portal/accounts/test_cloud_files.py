"""What people paste is read, and never executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.cloud_files import LONGEST, Pasted, Unreadable, application_credential

KNOWN = {"demo": "https://cloud.example:5000/v3", "other": "http://other.example/identity/v3"}
CLOUDS_YAML = """
clouds:
  openstack:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://cloud.example:5000
      application_credential_id: "abc123"
      application_credential_secret: "s3cr=t"
    region_name: IU
"""
OPENRC = """#!/usr/bin/env bash
export OS_AUTH_TYPE=v3applicationcredential
export OS_AUTH_URL=https://cloud.example:5000/v3/
export OS_REGION_NAME="IU"
export OS_APPLICATION_CREDENTIAL_ID=abc123
export OS_APPLICATION_CREDENTIAL_SECRET='s3cr=t'   # keep it to yourself
"""
EXPECTED = Pasted("demo", "abc123", "s3cr=t")


def complaint(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        application_credential(text, KNOWN)
    return str(caught.value)


@pytest.mark.parametrize("text", [CLOUDS_YAML, OPENRC, OPENRC.replace("export ", "")])
def test_both_kinds_of_file_are_read(text: str) -> None:
    assert application_credential(text, KNOWN) == EXPECTED


def test_the_secret_is_not_in_the_repr() -> None:
    assert "s3cr" not in repr(application_credential(CLOUDS_YAML, KNOWN))


def test_a_cloud_that_is_not_configured_is_refused_and_never_called() -> None:
    assert "does not know" in complaint(CLOUDS_YAML.replace("cloud.example", "evil.example"))
    assert "does not know" in complaint(CLOUDS_YAML.replace(":5000", ":5001"))
    assert "does not know" in complaint(CLOUDS_YAML.replace("https", "http"))


def test_the_entry_of_a_known_cloud_is_found_among_others() -> None:
    foreign = (
        CLOUDS_YAML.replace("openstack:", "evil:")
        .replace("cloud.example", "evil.example")
        .replace("clouds:", "")
    )
    assert application_credential(CLOUDS_YAML + foreign, KNOWN) == EXPECTED


def test_two_that_fit_are_one_too_many() -> None:
    second = CLOUDS_YAML.replace("clouds:", "").replace("openstack:", "second:").replace("abc123", "def456")
    assert "several" in complaint(CLOUDS_YAML + second)


def test_a_file_for_name_and_password_is_told_as_that() -> None:
    text = "export OS_AUTH_URL=https://cloud.example:5000/v3\nexport OS_USERNAME=alice\nexport OS_PASSWORD=$INPUT\n"
    assert "name and password" in complaint(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "- a\n- b",
        "clouds: 7",
        "clouds:\n  a: 7",
        "{",
        "a: b",
        "export OS_REGION_NAME=IU",
        "\x00",
    ],
)
def test_what_is_neither_is_refused_in_words(text: str) -> None:
    assert complaint(text).endswith(".")


def test_a_shell_is_not_asked_what_a_line_would_come_to(tmp_path: object) -> None:
    trap = OPENRC.replace("abc123", "$(touch /tmp/pwned)").replace("'s3cr=t'", "`id`")
    assert "both needed" in complaint(trap)


def test_yaml_makes_no_objects() -> None:
    assert "neither" in complaint("clouds: !!python/object/apply:os.system ['id']")


def test_a_very_long_text_is_not_even_read() -> None:
    assert "too long" in complaint("x" * (LONGEST + 1))


def test_a_yaml_bomb_is_only_text() -> None:
    bomb = "a: &a [x,x,x]\n" + "".join(
        f"{n}: &{n} [*{p},*{p},*{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert complaint(bomb + "clouds: *i")


@given(st.text("OS_=AUTHURLexport clouds:\n-{}[]'\"$`&*!#", max_size=200))
def test_whatever_is_pasted_the_answer_is_a_credential_or_words(text: str) -> None:
    try:
        application_credential(text, KNOWN)
    except Unreadable as error:
        assert str(error)
