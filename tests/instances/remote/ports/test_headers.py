from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.ports.asgi_types import Headers
from instances.remote.ports.headers import (
    guest_cookie,
    outward,
    to_application,
    to_browser,
    too_much,
    without_ours,
)
from instances.remote.ports.names import Name, site_of

SITE = site_of("https://ports.example.net")
NAME = Name(8888, UUID("01940000-0000-7000-8000-00000000abcd"))
OUT = NAME.origin(SITE)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            sorted(
                {
                    "cookie",
                    "connection",
                    "host",
                    "te",
                    "x-a",
                    "content-length",
                    "transfer-encoding",
                    "x-forwarded-for",
                    "origin",
                    "set-cookie",
                    "upgrade",
                }
            )
        ),
        TEXT,
    ),
    max_size=12,
)


def _sent(*headers: tuple[str, str], name: Name = NAME) -> dict[str, str]:
    raw = [(key.lower().encode(), value.encode("latin-1")) for key, value in headers]
    found = to_application(raw, name, SITE, client="192.0.2.7")
    assert len({key for key, _ in found}) == len(found)
    return {key.decode(): value.decode("latin-1") for key, value in found}


def _shown(*headers: tuple[str, str]) -> list[tuple[str, str]]:
    raw = [(key.encode(), value.encode("latin-1")) for key, value in headers]
    found = to_browser(raw, NAME, SITE, addresses=["203.0.113.9", "2001:db8::9"])
    return [(key.decode(), value.decode("latin-1")) for key, value in found]


# To the application.


def test_host_origin_and_referer_agree() -> None:
    sent = _sent(("Host", "whatever"), ("Origin", OUT), ("Referer", f"{OUT}/lab?x=1"))
    assert sent["host"] == "localhost:8888"
    assert sent["origin"] == "http://localhost:8888"
    assert sent["referer"] == "http://localhost:8888/lab?x=1"


def test_told_its_outside_name_they_agree_too() -> None:
    sent = _sent(("Origin", OUT), ("Referer", f"{OUT}/lab"), name=Name(8888, NAME.session, outside=True))
    name = Name(8888, NAME.session, outside=True)
    assert sent["host"] == name.authority(SITE)


def test_somebody_elses_origin_is_not_made_ours() -> None:
    sent = _sent(("Referer", f"{OUT}.evil.org/"), ("Origin", "https://evil.org"))
    assert sent["referer"] == f"{OUT}.evil.org/"
    assert sent["origin"] == "https://evil.org"


def test_forwarding_headers_are_ours_alone() -> None:
    sent = _sent(
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-User", "root"),
        ("Forwarded", "for=1"),
        ("X-Real-IP", "1"),
        ("Via", "x"),
    )
    assert sent == {
        "host": "localhost:8888",
        "x-forwarded-for": "192.0.2.7",
        "x-forwarded-host": NAME.authority(SITE),
        "x-forwarded-proto": "https",
    }


def test_what_belongs_to_the_browsers_connection_stays_there() -> None:
    named = ("Connection", "keep-alive, X-Hop")
    sent = _sent(
        named,
        ("X-Hop", "1"),
        ("Keep-Alive", "5"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "x"),
        ("Expect", "100-continue"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "4"),
        ("X-Kept", "2"),
    )
    assert set(sent) == {"host", "x-kept", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}


def test_our_cookie_stays_here_and_the_applications_own_go_on() -> None:
    sent = _sent(
        ("Cookie", "__Host-heliosphere-port=secret; _xsrf=2|a"), ("Cookie", "sessionid=of-a-django-app")
    )
    assert sent["cookie"] == "_xsrf=2|a; sessionid=of-a-django-app"


@pytest.mark.parametrize(
    "name", ["heliosphere-port", "__Host-heliosphere-port", "__Secure-Heliosphere-x", " heliosphere-port "]
)
def test_our_cookies_under_any_spelling_are_ours(name: str) -> None:
    assert without_ours(f"a=1; {name}=x; b=2".encode()) == b"a=1; b=2"
    assert guest_cookie(f"{name}=x; Path=/".encode()) == b""


@given(HEADERS)
def test_no_request_header_of_ours_or_of_the_connection_ever_passes(pairs: list[tuple[str, str]]) -> None:
    raw: Headers = [(key.encode(), value.encode("latin-1")) for key, value in pairs]
    raw.append((b"cookie", b"a=1; __Host-heliosphere-port=secret"))
    found = to_application(raw, NAME, SITE, client="192.0.2.7")
    names = [key for key, _ in found]
    assert names.count(b"host") == 1 and names.count(b"cookie") <= 1
    assert not {b"connection", b"te", b"upgrade", b"transfer-encoding", b"content-length"} & set(names)
    assert not any(b"secret" in value for key, value in found if key == b"cookie")
    assert [value for key, value in found if key == b"x-forwarded-for"] == [b"192.0.2.7"]


# To the browser.


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("sid=1; Domain=ports.example.net; Path=/", "sid=1; Path=/"),
        ("sid=1; path=/; DOMAIN = example.net ;HttpOnly", "sid=1; path=/;HttpOnly"),
        ("_xsrf=2|x; Path=/", "_xsrf=2|x; Path=/"),
        ("a=b=c; SameSite=None; Secure", "a=b=c; SameSite=None; Secure"),
        ("__Host-own=1; Secure; Path=/", "__Host-own=1; Secure; Path=/"),
        ("nameless", ""),
        ("=heliosphere-port=stolen", ""),
    ],
)
def test_cookies_of_an_application_are_for_its_own_host(given: str, shown: str) -> None:
    assert guest_cookie(given.encode()).decode() == shown


@given(TEXT)
def test_no_cookie_of_an_application_has_a_domain_or_a_name_of_ours(value: str) -> None:
    found = guest_cookie(f"{value}; Domain=example.net".encode("latin-1")).decode("latin-1")
    assert "domain=" not in found.lower().replace(" ", "").partition(";")[2]
    assert "heliosphere-" not in found.partition("=")[0].lower()


@pytest.mark.parametrize(
    "name",
    [
        "Strict-Transport-Security",
        "Alt-Svc",
        "Clear-Site-Data",
        "Service-Worker-Allowed",
        "NEL",
        "Report-To",
        "Reporting-Endpoints",
        "Public-Key-Pins",
        "Server",
        "Date",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Transfer-Encoding",
        "Trailer",
    ],
)
def test_what_reaches_beyond_the_one_name_is_dropped(name: str) -> None:
    assert _shown((name, "x"), ("X-Kept", "1")) == [("x-kept", "1")]


def test_what_an_application_says_of_its_own_page_is_kept() -> None:
    given = [
        ("content-security-policy", "frame-ancestors 'self'"),
        ("x-frame-options", "SAMEORIGIN"),
        ("etag", '"1"'),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]
    assert _shown(*given) == given


def test_a_length_beside_chunks_is_not_believed() -> None:
    assert _shown(("Transfer-Encoding", "chunked"), ("Content-Length", "5")) == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://localhost:8888/lab?token=1", f"{OUT}/lab?token=1"),
        ("http://127.0.0.1:8888", OUT),
        ("https://127.8.8.8:8888/x", f"{OUT}/x"),
        ("http://[::1]:8888/x", f"{OUT}/x"),
        ("http://0.0.0.0:8888/", f"{OUT}/"),
        ("//localhost:8888/x", f"{OUT}/x"),
        ("http://203.0.113.9:8888/x", f"{OUT}/x"),
        ("http://[2001:db8::9]:8888/x", f"{OUT}/x"),
        ("/lab", "/lab"),
        ("http://localhost:9999/x", "http://localhost:9999/x"),
        ("http://localhost/x", "http://localhost/x"),
        ("http://localhost:8888.evil.org/", "http://localhost:8888.evil.org/"),
        ("http://localhost:8888@evil.org/", "http://localhost:8888@evil.org/"),
        ("http://203x0.113.9:8888/", "http://203x0.113.9:8888/"),
        (
            "https://example.org/?next=http://localhost:8888/",
            "https://example.org/?next=http://localhost:8888/",
        ),
    ],
)
def test_addresses_of_the_application_itself_are_those_of_the_browser(address: str, shown: str) -> None:
    assert outward(address, NAME, SITE, ["203.0.113.9", "2001:db8::9"]) == shown
    assert _shown(("Location", address)) == [("location", shown)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("0; url=http://localhost:8888/a", f"0; url={OUT}/a"),
        ("5;URL='http://localhost:8888/a'", f"5;URL='{OUT}/a'"),
        ("5", "5"),
        ("0; url=/a", "0; url=/a"),
    ],
)
def test_a_refresh_leads_to_the_browsers_address_too(given: str, shown: str) -> None:
    assert _shown(("Refresh", given)) == [("refresh", shown)]


# What is too much.


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (b"/", [(b"a", b"1")], 0),
        (b"/" + b"x" * 20_000, [], 414),
        (b"/", [(b"a", b"1")] * 151, 431),
        (b"/", [(b"a", b"1" * 50_000)], 431),
        (b"http://evil/", [], 400),
        (b"*", [], 400),
        (b"/a b", [], 400),
        (b"/a\r\nHost: evil", [], 400),
        (b"/\xff", [], 400),
        (b"/", [(b"a\r\nb", b"1")], 400),
        (b"/", [(b"a", b"1\r\nHost: evil")], 400),
        (b"/", [(b"a", b"\0")], 400),
        (b"/", [(b"a ", b"1")], 400),
    ],
)
def test_a_request_that_is_too_much_or_malformed_is_refused(
    target: bytes, headers: Headers, status: int
) -> None:
    assert too_much(headers, target) == status
