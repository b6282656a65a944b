"""The table from a cloud's answer to what a person is told, with bodies as real services send them."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from portal.cloud import translate
from portal.core.errors import PortalError, listed

NOVA_QUOTA = "Quota exceeded for cores: Requested 4, but already used 150 of 150 cores"
NOVA_QUOTAS = (
    "Quota exceeded for cores, ram: Requested 8, 30720, "
    "but already used 148, 590000 of 150, 599040 cores, ram"
)
CINDER_GB = (
    "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
    "Requested 100G, quota is 1000G and 995G has been consumed."
)
CINDER_COUNT = "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'."
ID = "45f5886d-2a46-45e2-b0b8-88b388999332"
STATE = f"Cannot 'stop' instance {ID} while it is in vm_state suspended"
TASK = f"Cannot 'reboot' instance {ID} while it is in task_state powering-off"


def answered(
    status: int,
    body: Any,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    kind: str = "application/json",
) -> PortalError:
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update({"Content-Type": kind, **(headers or {})})
    response.request = requests.Request(method, "http://127.0.0.1/").prepare()
    return translate.from_response(response, "compute")


def nova(fault: str, status: int, message: str, **how: Any) -> PortalError:
    return answered(status, {fault: {"code": status, "message": message}}, **how)


def nova_body(message: str) -> dict[str, Any]:
    return {"faultOfSomeName": {"code": 0, "message": message}}


def neutron_body(kind: str, message: str) -> dict[str, Any]:
    return {"NeutronError": {"type": kind, "message": message, "detail": ""}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, nova_body(NOVA_QUOTA), "cloud:quota"),
        (403, nova_body(NOVA_QUOTAS), "cloud:quota"),
        (413, nova_body(CINDER_GB), "cloud:quota"),
        (413, nova_body(CINDER_COUNT), "cloud:quota"),
        (409, neutron_body("OverQuota", "Quota exceeded for resources: ['floatingip']."), "cloud:quota"),
        (403, nova_body("Quota exceeded, too many key pairs."), "cloud:quota"),
        (403, nova_body("Policy doesn't allow os_compute_api to be performed."), "cloud:forbidden"),
        (404, nova_body(f"Instance {ID} could not be found."), "cloud:not-found"),
        (410, {}, "cloud:not-found"),
        (400, nova_body("Flavor nope could not be found."), "cloud:flavor-not-found"),
        (404, nova_body("Flavor nope could not be found."), "cloud:flavor-not-found"),
        (400, nova_body("Can not find requested image"), "cloud:image-not-found"),
        (400, nova_body("When resizing, instances must change flavor!"), "cloud:bad-request"),
        (409, nova_body(f"Instance {ID} is locked"), "cloud:locked"),
        (409, nova_body(STATE), "cloud:wrong-state"),
        (409, nova_body(TASK), "cloud:wrong-state"),
        (409, nova_body("Multiple security groups found"), "cloud:conflict"),
        (409, neutron_body("IpAddressGenerationFailure", "No more IP addresses."), "cloud:no-addresses"),
        (400, nova_body("No valid host was found. "), "cloud:no-valid-host"),
        (413, nova_body("Request is too large."), "cloud:too-large"),
        (405, {"message": "no"}, "cloud:unsupported"),
        (406, nova_body("Version 2.200 is not supported by the API."), "cloud:unsupported"),
        (501, nova_body("not implemented"), "cloud:unsupported"),
        (418, {}, "cloud:bad-request"),
    ],
)
def test_what_the_cloud_refuses_is_final(status: int, body: Any, expected: str) -> None:
    error = answered(status, body)
    assert (error.id, error.outcome) == (expected, "refused")


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (401, "cloud:unauthorized", "auth"),
        (408, "cloud:timeout", "unknown"),
        (429, "cloud:rate-limited", "retry"),
        (500, "cloud:server-error", "unknown"),
        (502, "cloud:unavailable", "unknown"),
        (503, "cloud:unavailable", "retry"),
        (504, "cloud:timeout", "unknown"),
        (599, "cloud:server-error", "unknown"),
    ],
)
def test_trouble_tells_whether_a_change_may_have_been_made(status: int, expected: str, outcome: str) -> None:
    error = answered(status, {})
    assert (error.id, error.outcome) == (expected, outcome)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failed_read_may_simply_be_repeated(status: int) -> None:
    assert answered(status, {}, method="GET").outcome == "retry"
    assert answered(status, {}, method="DELETE").outcome == "unknown"


def test_quota_is_told_in_numbers() -> None:
    params = nova("forbidden", 403, NOVA_QUOTA).params
    assert (params["resource"], params["requested"], params["used"], params["limit"]) == (
        "cores",
        4,
        150,
        150,
    )


def test_several_exceeded_quotas_name_the_first() -> None:
    params = nova("forbidden", 403, NOVA_QUOTAS).params
    assert (params["resource"], params["requested"], params["used"], params["limit"]) == (
        "cores",
        8,
        148,
        150,
    )


def test_volume_quotas_are_told_in_numbers() -> None:
    size, count = nova("overLimit", 413, CINDER_GB).params, nova("overLimit", 413, CINDER_COUNT).params
    assert (size["resource"], size["requested"], size["used"], size["limit"]) == ("gigabytes", 100, 995, 1000)
    assert (count["resource"], count["limit"]) == ("volumes", 10)


def test_network_quota_names_its_resource() -> None:
    error = answered(409, {"NeutronError": {"message": "Quota exceeded for resources: ['floatingip']."}})
    assert error.params["resource"] == "floatingip"


def test_a_quota_without_numbers_still_reads_as_a_sentence() -> None:
    what = nova("forbidden", 403, "Quota exceeded, too many key pairs.").problem.what
    assert "{" not in what and "keypairs" in what


def test_wrong_state_names_the_state_and_the_action() -> None:
    assert nova("conflictingRequest", 409, STATE).params["state"] == "suspended"
    assert nova("conflictingRequest", 409, TASK).params == {
        "service": "compute", "action": "reboot", "state": "powering-off"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("17", 17.0), ("Sat, 21 Nov 2026 06:00:30 GMT", 30.0), ("Sat, 21 Nov 2026 05:00:00 GMT", 0.0),
     ("soon", None), ("", None), ("-5", None), ("99999999999", 86400.0)],
)  # fmt: skip
def test_retry_after_is_read_from_numbers_and_dates(given: str, seconds: float | None) -> None:
    response = requests.Response()
    response.headers["Retry-After"] = given
    assert translate.retry_after_of(response, datetime(2026, 11, 21, 6, 0, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("status", [413, 429, 503])
def test_retry_after_reaches_the_caller(status: int) -> None:
    error = answered(status, nova_body("This request was rate-limited."), headers={"Retry-After": "3"})
    assert (error.outcome, error.retry_after) == ("retry", 3.0)


def test_the_request_id_of_a_refusal_is_kept() -> None:
    error = nova("conflictingRequest", 409, "no", headers={"x-compute-request-id": "req-7"})
    assert error.params["request_id"] == "req-7"


def test_html_of_a_proxy_is_not_shown() -> None:
    page = b"<html><script>alert(1)</script><h1>502 Bad Gateway</h1></html>"
    error = answered(502, page, kind="text/html")
    assert error.detail == ""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"[1, 2]", b'{"a": 1}', b"\xff\xfe\x00"])
def test_bodies_that_make_no_sense_do_no_harm(body: bytes) -> None:
    assert answered(409, body).id == "cloud:conflict"


def test_the_clouds_words_are_cut_and_made_printable() -> None:
    hostile = "a\x00b\x1b[31mc\u202ed\r\nX-Injected: 1" + "y" * 5000
    detail = nova("badRequest", 400, hostile).detail
    assert len(detail) <= translate.MAX_DETAIL
    assert re.search(r"[\x00-\x1f\u202a-\u202e]", detail) is None


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"error": {"code": 401, "title": "Unauthorized", "message": "keystone says"}}, "keystone says"),
        (
            {"NeutronError": {"type": "PortNotFound", "message": "neutron says", "detail": ""}},
            "PortNotFound neutron says",
        ),
        ({"errors": [{"status": 400, "title": "Bad Request", "detail": "placement says"}]}, "placement says"),
        (
            {"message": "glance says<br />", "code": "400 Bad Request", "title": "Bad Request"},
            "glance says<br />",
        ),
        ({"error": "plain"}, "plain"),
    ],
)
def test_the_sentence_is_found_in_each_services_shape(body: Any, sentence: str) -> None:
    assert answered(400, body).detail == sentence


def test_every_id_of_the_gateway_has_words() -> None:
    source = "".join(path.read_text() for path in Path(translate.__file__).parent.rglob("*.py"))
    ids = set(re.findall(r'"(cloud:[a-z-]+)"', source))
    assert len(ids) > 20
    assert {error_id for error_id in ids if not listed(error_id)} == set()


@pytest.mark.parametrize("wrong", [KeyError("server"), TypeError("x"), ValueError("x"), AttributeError("x")])
def test_an_answer_that_cannot_be_read_is_an_error_of_its_own(wrong: Exception) -> None:
    with pytest.raises(PortalError) as odd, translate.translated("compute"):
        raise wrong
    assert (odd.value.id, odd.value.outcome) == ("cloud:bad-answer", "unknown")


def test_errors_of_our_own_are_left_alone() -> None:
    with pytest.raises(PortalError) as same, translate.translated("compute"):
        raise PortalError("cloud:locked", name="x")
    assert same.value.id == "cloud:locked"


def test_errors_that_are_not_the_clouds_are_not_called_so() -> None:
    with pytest.raises(OSError, match="disk full"), translate.translated("compute"):
        raise OSError("disk full")
