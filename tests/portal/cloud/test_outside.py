"""Calls beside OpenStack: what is sent, what each refusal becomes, and what never gets out."""

import logging
from typing import Any

import pytest

from portal.cloud import access_members, access_people, outside, public_projects
from portal.cloud.schema_sources import Access, AccessKeys, PublicProjects
from portal.core.errors import PortalError, explain
from tests.portal.cloud.stub import Answer, Stub

KEY = "a-key-that-must-not-be-told"


@pytest.fixture
def service(stub: Stub) -> outside.Service:
    return outside.Service("stub", "ACCESS", "userinfo", f"{stub.url}/access", {"XA-API-KEY": KEY})


@pytest.fixture
def access(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setenv("THE_KEY", KEY)
    keys = AccessKeys(usermanagement="THE_KEY", userinfo="THE_KEY", spacct="THE_KEY", profiles="THE_KEY")
    return Access(url=f"{stub.url}/access/", resource="js2.example", keys=keys)


def refused(service: outside.Service, method: Any = "GET") -> PortalError:
    with pytest.raises(PortalError) as caught:
        outside.ask(service, method, "/x", json={} if method == "POST" else None)
    return caught.value


@pytest.mark.parametrize(
    ("status", "id", "outcome"),
    [
        (400, "outside:declined", "refused"),
        (401, "outside:key-refused", "retry"),
        (403, "outside:not-allowed", "refused"),
        (404, "outside:unknown", "refused"),
        (409, "outside:declined", "refused"),
        (418, "outside:declined", "refused"),
        (429, "outside:unavailable", "retry"),
        (500, "outside:unavailable", "retry"),
        (503, "outside:unavailable", "retry"),
    ],
)
def test_each_refusal_has_its_meaning(
    stub: Stub, service: outside.Service, status: int, id: str, outcome: str
) -> None:
    stub.on("GET", "/access/x", Answer(status, {"error": "its own words"}))
    error = refused(service)
    assert (error.id, error.outcome) == (id, outcome)
    words = explain(error.id, error.params)
    assert "ACCESS" in f"{words.title} {words.what}"
    assert "{" not in f"{words.title} {words.what} {words.todo}"


def test_a_change_that_failed_over_there_may_have_been_made(stub: Stub, service: outside.Service) -> None:
    stub.on("POST", "/access/x", Answer(500, {}))
    assert refused(service, "POST").outcome == "unknown"
    stub.on("POST", "/access/x", Answer(503, {}, {"Retry-After": "120"}))
    error = refused(service, "POST")
    assert (error.outcome, error.retry_after) == ("retry", 120.0)


def test_a_redirect_is_not_followed_and_carries_no_key(stub: Stub, service: outside.Service) -> None:
    stub.on("GET", "/access/x", Answer(302, {}, {"Location": "/elsewhere"}))
    stub.on("GET", "/elsewhere", Answer(200, {}))
    assert refused(service).id == "outside:bad-answer"
    stub.on("GET", "/access/x", Answer(302, {}, {"Location": "https://evil.example/"}))
    assert refused(service).id in ("outside:bad-answer", "outside:unavailable")
    assert not stub.calls("GET", "/elsewhere")


def test_one_that_hangs_is_let_go_of(stub: Stub, service: outside.Service) -> None:
    stub.on("GET", "/access/x", Answer(200, {}, delay=2.0))
    error = refused(service)
    assert (error.id, error.outcome) == ("outside:unavailable", "retry")


def test_an_answer_without_end_is_cut(
    stub: Stub, service: outside.Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "MOST_BYTES", 1000)
    stub.on("GET", "/access/x", Answer(200, {"x": "y" * 5000}))
    assert refused(service).id == "outside:unavailable"


@pytest.mark.parametrize("body", [b"<html>", b"{", b"\xff\xfe"])
def test_what_is_no_json_is_no_answer(stub: Stub, service: outside.Service, body: bytes) -> None:
    stub.on("GET", "/access/x", Answer(200, body=body))
    assert refused(service).id == "outside:bad-answer"


def test_after_several_failures_it_is_given_a_rest(stub: Stub, service: outside.Service) -> None:
    stub.on("GET", "/access/x", Answer(500, {}))
    for _ in range(8):
        refused(service)
    assert len(stub.calls("GET", "/access/x")) == 5


def test_the_key_is_in_no_error_no_log_and_no_name(
    stub: Stub, service: outside.Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stub.on("GET", "/access/x", Answer(401, {"error": "no"}))
    error = refused(service)
    assert stub.only("GET", "/access/x").headers["xa-api-key"] == KEY
    told = f"{error!r} {error.params} {error.detail} {service!r} {caplog.text}"
    assert KEY not in told


def test_control_characters_and_pages_of_words_are_cut(stub: Stub, service: outside.Service) -> None:
    stub.on("GET", "/access/x", Answer(400, {"error": "bad\x1b[31m\n name " + "x" * 5000}))
    said = refused(service).params["said"]
    assert said.startswith("bad [31m name x")
    assert len(said) <= 300


@pytest.mark.parametrize(
    "body",
    [
        {"message": "no"},
        {"error": "no"},
        {"errors": ["no"]},
        {"result": {"message": "no"}},
        {"error": {"message": "no"}},
    ],
)
def test_the_words_are_found_in_any_wrapper(
    stub: Stub, service: outside.Service, body: dict[str, Any]
) -> None:
    stub.on("GET", "/access/x", Answer(400, body))
    assert refused(service).params["said"] == "no"


def test_members_are_asked_for_with_the_headers_of_the_key(stub: Stub, access: Access) -> None:
    stub.on("GET", "/access/acdb/usermanagement/v1/users/BIO220047", Answer(200, {"result": []}))
    assert access_members.members("stub", access, "BIO220047") == []
    headers = stub.only("GET", "/users/BIO220047").headers
    assert (headers["xa-agent"], headers["xa-resource"], headers["xa-api-key"]) == (
        "usermanagement",
        "js2.example",
        KEY,
    )


@pytest.mark.parametrize("wrapped", ["users", "members", "accounts"])
def test_the_list_is_found_under_any_of_its_names(stub: Stub, access: Access, wrapped: str) -> None:
    rows = {"result": {wrapped: [{"username": "alice", "spState": "active"}]}}
    stub.on("GET", "/access/acdb/usermanagement/v1/users/BIO220047", Answer(200, rows))
    [alice] = access_members.members("stub", access, "BIO220047")
    assert (alice.username, alice.state, alice.role) == ("alice", "active", "")


def test_people_are_added_with_a_comment(stub: Stub, access: Access) -> None:
    stub.on(
        "POST", "/access/acdb/usermanagement/v1/users/BIO220047/add_multiple", Answer(200, {"result": {}})
    )
    access_members.add("stub", access, "BIO220047", ["newbie"], "for the paper")
    sent = stub.only("POST", "/add_multiple").json
    assert sent == {"comment": "for the paper", "usernames": ["newbie"]}


def test_names_cannot_lead_to_another_address(stub: Stub, access: Access) -> None:
    with pytest.raises(PortalError):
        access_members.managed_by("stub", access, "../../../identity?x=")
    [seen] = stub.seen
    assert seen.path.startswith("/access/acdb/usermanagement/v1/users/")
    assert ".." not in seen.path.replace("..%2F", "")


def test_profiles_are_asked_for_as_a_requester(stub: Stub, access: Access) -> None:
    row = {
        "username": "gsmith",
        "firstName": "Gil",
        "lastName": "Smith",
        "isEligible": "no",
        "eligibleReason": "why",
    }
    stub.on("GET", "/access/identity/profiles/v1/people/gsmith", Answer(200, row))
    found = access_people.profile("stub", access, "gsmith")
    assert (found.name, found.eligible, found.why_not) == ("Gil Smith", False, "why")
    headers = stub.only("GET", "/people/gsmith").headers
    assert headers["xa-requester"] == "heliosphere"
    assert "xa-agent" not in headers


@pytest.mark.parametrize(
    ("row", "eligible", "why"),
    [
        ({}, True, ""),
        ({"isEligible": "yes"}, True, ""),
        ({"isSuspended": True}, False, "the account is suspended"),
        ({"isArchived": True, "isEligible": "yes"}, False, "the account was closed"),
        ({"isEligible": "NO"}, False, ""),
    ],
)
def test_who_may_be_added_is_read_from_any_of_the_signs(
    stub: Stub, access: Access, row: dict[str, Any], eligible: bool, why: str
) -> None:
    stub.on("GET", "/access/identity/profiles/v1/people/x", Answer(200, row))
    found = access_people.profile("stub", access, "x")
    assert (found.username, found.eligible, found.why_not) == ("x", eligible, why)


def test_account_names_are_pairs(stub: Stub, access: Access) -> None:
    users = [
        {"portalLogin": "alice", "usernames": ["alice", "amoreau"]},
        {"portalLogin": "x", "usernames": None},
    ]
    stub.on(
        "GET", "/access/acdb/spacct/v2/users/resource/js2.example", Answer(200, {"result": {"users": users}})
    )
    assert access_people.local_names("stub", access) == [("alice", "alice"), ("alice", "amoreau")]


def test_without_a_key_nothing_is_asked(stub: Stub, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THE_KEY")
    with pytest.raises(PortalError, match="outside:no-key"):
        access_people.search("stub", access, "moreau")
    assert stub.seen == []


def test_a_key_may_be_in_a_file(
    stub: Stub, access: Access, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.delenv("THE_KEY")
    monkeypatch.setenv("THE_KEY_FILE", str(tmp_path / "key"))
    stub.on("GET", "/access/acdb/userinfo/v2/people/search", Answer(200, {"result": []}))
    access_people.search("stub", access, "moreau")
    assert stub.only("GET", "/search").headers["xa-api-key"] == "from-a-file"
    assert stub.only("GET", "/search").query == {"q": "moreau"}


def test_the_public_list_is_asked_by_number_and_with_its_mark(stub: Stub) -> None:
    config = PublicProjects(url=f"{stub.url}/list.json")
    row = {"requestNumber": "BIO220047", "fos": "Genomics", "endDate": "2027-01-31", "beginDate": "no date"}
    old = {**row, "fos": "Old", "endDate": "2024-01-31"}
    body = {"projects": [old, row, {"requestNumber": "BIO220048"}], "pages": 1}
    stub.on("GET", "/list.json", Answer(200, body, {"ETag": '"v1"'}), Answer(304))
    first = public_projects.look_up("stub", config, "BIO220047")
    assert first.project is not None
    assert (first.project.field_of_science, first.project.begins) == ("Genomics", None)
    assert stub.seen[0].query == {"request_number": "BIO220047", "page": "1"}
    second = public_projects.look_up("stub", config, "BIO220047", first.validator)
    assert second.unchanged
    assert stub.seen[1].headers["if-none-match"] == '"v1"'


def test_a_date_of_change_is_a_mark_too(stub: Stub, service: outside.Service) -> None:
    changed = "Fri, 20 Nov 2026 10:00:00 GMT"
    stub.on("GET", "/access/x", Answer(200, {}, {"Last-Modified": changed}))
    reply = outside.ask(service, "GET", "/x")
    outside.ask(service, "GET", "/x", validator=reply.validator)
    assert stub.seen[1].headers["if-modified-since"] == changed
