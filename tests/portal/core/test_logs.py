import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from portal.core.logs import RedactFilter, RequestIdFilter, redact, set_request_id


@pytest.mark.parametrize(
    "line",
    [
        "password=hunter22",
        "{'password': 'hunter22'}",
        '{"auth": {"secret": "with spaces hunter22"}}',
        "X-Auth-Token: hunter22",
        "Authorization: Bearer hunter22",
        "authorization: Basic hunter22",
        "client_secret=hunter22&grant_type=x",
        "GET /v3?access_token=hunter22",
        "Cookie: sessionid=hunter22; csrftoken=1",
        "passphrase = hunter22",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter22\n-----END OPENSSH PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter22 (cut off",
        "token gAAAAABhunter22hunter22hunter22hunter22==",
        "a stray helio_hunter22hunter22",
    ],
)
def test_a_secret_does_not_reach_the_log(line: str) -> None:
    assert "hunter22" not in redact(line)


@pytest.mark.parametrize(
    "line", ["server 4f6c is ACTIVE", "GET /instances/ 200", "user 7 pressed key K", "secretary of state"]
)
def test_other_lines_stay_as_they_are(line: str) -> None:
    assert redact(line) == line


def test_a_very_long_line_is_read_in_no_time(benchmark_seconds: float = 1.0) -> None:
    import time

    began = time.monotonic()
    redact("a" * 200_000 + " token " + "b=" * 50_000)
    assert time.monotonic() - began < benchmark_seconds


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("[%(request_id)s] %(message)s"))
    handler.addFilter(RequestIdFilter())
    handler.addFilter(RedactFilter())
    logger = logging.getLogger("test.redacted")
    logger.addHandler(handler)
    logger.propagate = False
    yield text
    logger.removeHandler(handler)
    logger.propagate = True


def test_arguments_are_redacted_with_the_message(stream: io.StringIO) -> None:
    logging.getLogger("test.redacted").warning("answer was %s", {"token": "hunter22"})
    assert "hunter22" not in stream.getvalue()
    assert "answer was {'token': [secret]}" in stream.getvalue()


def test_a_stranger_cannot_write_a_line_of_their_own(stream: io.StringIO) -> None:
    set_request_id("-")
    name = "lab\r\n[-] admin signed in\x1b[2J\u2028and more\tblanks stay"
    logging.getLogger("test.redacted").warning("no machine is called %s", name)
    assert stream.getvalue().splitlines() == [
        "[-] no machine is called lab\\r\\n[-] admin signed in\\x1b[2J\\u2028and more\tblanks stay"
    ]


def test_a_traceback_is_redacted(stream: io.StringIO) -> None:
    try:
        raise ValueError("cannot send {'password': 'hunter22'}")
    except ValueError:
        logging.getLogger("test.redacted").exception("failed")
    assert "hunter22" not in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_each_line_names_its_request(stream: io.StringIO) -> None:
    set_request_id("req-1")
    logging.getLogger("test.redacted").warning("hello")
    set_request_id("-")
    assert stream.getvalue() == "[req-1] hello\n"


def test_the_portals_own_handler_redacts() -> None:
    from django.conf import settings

    logging_settings: Any = settings.LOGGING
    assert "redact" in logging_settings["handlers"]["console"]["filters"]
