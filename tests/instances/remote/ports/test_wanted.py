import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.ports.entry import local_path
from instances.remote.ports.wanted import NotAPort, Wanted, wanted_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8888", Wanted(8888)),
        (" 8888 ", Wanted(8888)),
        (":8888", Wanted(8888)),
        (":8888/lab", Wanted(8888, "/lab")),
        ("localhost:8888", Wanted(8888)),
        ("http://localhost:8888/lab?token=a1b2", Wanted(8888, "/lab?token=a1b2")),
        ("http://blast-node:8888/tree", Wanted(8888, "/tree")),
        ("http://127.0.0.1:6006", Wanted(6006)),
        ("https://localhost:8443/x#part", Wanted(8443, "/x", True)),
        ("http://localhost/", Wanted(80)),
        ("https://localhost", Wanted(443, "/", True)),
        ("http://[::1]:8888/", Wanted(8888)),
    ],
)
def test_a_number_or_an_address_says_what_is_wanted(text: str, wanted: Wanted) -> None:
    assert wanted_of(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "65536",
        "99999999999",
        "jupyter",
        "-1",
        "8888 9999",
        "ssh://localhost:22",
        "ftp://x",
        "http://",
        "http://x:y/",
        "http://localhost:99999/",
        "88²8",
        "http://localhost:8888/\u00e9",
        "x" * 5000,
        "javascript://localhost:80/",
    ],
)
def test_anything_else_is_told_to_be_none(text: str) -> None:
    with pytest.raises(NotAPort, match=r"\w+"):
        wanted_of(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_it_is_a_port_or_a_reason(text: str) -> None:
    try:
        found = wanted_of(text)
    except NotAPort:
        return
    assert 1 <= found.port <= 65_535
    assert local_path(found.path).startswith("/")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/lab?token=a", "/lab?token=a"),
        ("//evil.org/", "/"),
        ("/\\evil.org", "/"),
        ("https://evil.org", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/.heliosphere/enter", "/"),
        ("/" + "x" * 5000, "/"),
        ("", "/"),
    ],
)
def test_a_path_stays_under_its_name(path: str, kept: str) -> None:
    assert local_path(path) == kept
