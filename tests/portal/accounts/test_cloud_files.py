"""What people paste is read, and never executed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.cloud_files import LONGEST, Pasted, PastedPassword, Unreadable, read

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
        read(text, KNOWN)
    return str(caught.value)


@pytest.mark.parametrize("text", [CLOUDS_YAML, OPENRC, OPENRC.replace("export ", "")])
def test_both_kinds_of_file_are_read(text: str) -> None:
    assert read(text, KNOWN) == EXPECTED


def test_the_secret_is_not_in_the_repr() -> None:
    assert "s3cr" not in repr(read(CLOUDS_YAML, KNOWN))


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
    assert read(CLOUDS_YAML + foreign, KNOWN) == EXPECTED


SECOND = CLOUDS_YAML.replace("clouds:", "").replace("openstack:", "second:").replace("abc123", "def456")


def test_several_that_fit_are_named_and_one_is_chosen_by_its_entry() -> None:
    assert "several logins: openstack, second" in complaint(CLOUDS_YAML + SECOND)
    assert read(CLOUDS_YAML + SECOND, KNOWN, entry="second") == Pasted("demo", "def456", "s3cr=t")
    with pytest.raises(Unreadable, match="no entry called third"):
        read(CLOUDS_YAML + SECOND, KNOWN, entry="third")


def test_of_several_clouds_the_one_that_is_being_connected_goes_first() -> None:
    elsewhere = SECOND.replace("https://cloud.example:5000", "http://other.example")
    assert read(CLOUDS_YAML + elsewhere, KNOWN, wanted="demo") == EXPECTED
    assert read(CLOUDS_YAML + elsewhere, KNOWN, wanted="other") == Pasted("other", "def456", "s3cr=t")
    assert "several" in complaint(CLOUDS_YAML + elsewhere)


PASSWORD_RC = """#!/usr/bin/env bash
# To use an OpenStack cloud you need to authenticate against the Identity service named keystone
export OS_AUTH_URL=https://cloud.example:5000/v3
export OS_PROJECT_ID=6a2dd9bb7cd64a69b4e3a2e3a6ee1a6a
export OS_PROJECT_NAME="BIO220047"
export OS_USER_DOMAIN_NAME="access"
if [ -z "$OS_USER_DOMAIN_NAME" ]; then unset OS_USER_DOMAIN_NAME; fi
export OS_USERNAME="alice@access-ci.org"
# With Keystone you pass the keystone password.
echo "Please enter your OpenStack Password for project $OS_PROJECT_NAME as user $OS_USERNAME: "
read -sr OS_PASSWORD_INPUT
export OS_PASSWORD=$OS_PASSWORD_INPUT
export OS_REGION_NAME="IU"
if [ -z "$OS_REGION_NAME" ]; then unset OS_REGION_NAME; fi
export OS_INTERFACE=public
export OS_IDENTITY_API_VERSION=3
"""


def test_an_openrc_that_asks_for_the_password_gives_the_name_without_one() -> None:
    assert read(PASSWORD_RC, KNOWN) == PastedPassword("demo", "alice@access-ci.org", "access", "")


def test_a_clouds_yaml_with_a_password_is_read_and_does_not_show_it() -> None:
    text = """
clouds:
  demo:
    auth_type: v3password
    auth: {auth_url: "https://cloud.example:5000", username: alice, password: 0123, user_domain_name: Default,
           project_name: BIO220047, project_domain_name: Default}
"""
    found = read(text, KNOWN)
    assert found == PastedPassword("demo", "alice", "Default", "0123")
    assert "0123" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        OPENRC.replace("\n", "\r\n"),
        "\ufeff" + OPENRC,
        "\ufeff" + CLOUDS_YAML,
        CLOUDS_YAML.replace("\n", "\r\n"),
        OPENRC.replace("export OS_A", "export  OS_A").replace("=abc123", "=abc123;"),
        "OS_AUTH_URL=https://cloud.example:5000 OS_APPLICATION_CREDENTIAL_ID=abc123 OS_APPLICATION_CREDENTIAL_SECRET=s3cr=t",
        '$env:OS_AUTH_URL = "https://cloud.example:5000/v3"\r\n$env:OS_APPLICATION_CREDENTIAL_ID="abc123"\r\n'
        "$env:OS_APPLICATION_CREDENTIAL_SECRET = 's3cr=t'\r\n",
        "set OS_AUTH_URL=https://cloud.example:5000\nset OS_APPLICATION_CREDENTIAL_ID=abc123\n"
        "set OS_APPLICATION_CREDENTIAL_SECRET=s3cr=t",
        "setenv OS_AUTH_URL https://cloud.example:5000\nsetenv OS_APPLICATION_CREDENTIAL_ID abc123\n"
        "setenv OS_APPLICATION_CREDENTIAL_SECRET s3cr=t",
    ],
)
def test_files_of_every_system_and_editor_are_read(text: str) -> None:
    assert read(text, KNOWN) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_uploaded_bytes_are_decoded(encoding: str) -> None:
    assert read(OPENRC.encode(encoding), KNOWN) == EXPECTED


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80\x81", b"PK\x03\x04\xff\xff"])
def test_what_is_no_text_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(Unreadable, match="not a text file"):
        read(content, KNOWN)


def test_a_credential_by_name_is_not_taken_for_a_password() -> None:
    text = OPENRC.replace("_ID=abc123", "_NAME=mine") + "export OS_USERNAME=alice\n"
    assert "not complete" in complaint(text)


def test_a_token_is_refused_in_words() -> None:
    assert "lasts for hours" in complaint(
        "export OS_AUTH_URL=https://cloud.example:5000\nexport OS_TOKEN=gAAAA"
    )


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
    assert "no login" in complaint(trap)


def test_yaml_makes_no_objects() -> None:
    assert "has no" in complaint("clouds: !!python/object/apply:os.system ['id']")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 30_000,
        "clouds: " + "{a: " * 10_000,
        "clouds: {a: {auth: {auth_url: " + "1" * 6000 + "}}}",
        "clouds: {a: {auth: {auth_url: 2001-99-99}}}",
        "clouds: &a {b: *a}",
        "clouds: {? [a, b] : c}",
        "clouds: {a: {auth: {auth_url: [1], username: {}}}}",
        "%YAML 9.9\n---\nclouds: 1",
        "clouds:\n  <<: *nothing",
    ],
)
def test_yaml_that_means_harm_is_refused_in_words(text: str) -> None:
    assert complaint(text).endswith(".")


def test_a_number_stays_the_text_that_it_was_written_as() -> None:
    found = read(CLOUDS_YAML.replace('"abc123"', "0123456789e1"), KNOWN)
    assert found == Pasted("demo", "0123456789e1", "s3cr=t")


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
        read(text, KNOWN)
    except Unreadable as error:
        assert str(error)
