"""Signatures as Standard Webhooks' libraries check them."""

import base64
import hashlib
import hmac
from typing import Any

from portal.notices import signatures

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_the_one_of_the_specification() -> None:
    """Id, time, body and secret of the specification's own example."""
    body = '{"test": 2432232314}'
    found = signatures.signature(SECRET, id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_over_the_id_the_time_and_the_body() -> None:
    told: dict[str, Any] = {"id": "msg_1", "timestamp": 1_700_000_000, "body": "{}"}
    first = signatures.signature(SECRET, **told)
    for name, other in (("id", "msg_2"), ("timestamp", 1_700_000_001), ("body", "{ }")):
        assert signatures.signature(SECRET, **{**told, name: other}) != first


def test_each_secret_is_another_of_256_bits() -> None:
    secrets = {signatures.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)


def test_the_headers_are_those_that_receivers_look_for() -> None:
    body = '{"type":"x","naïve":"ü"}'
    headers = signatures.headers(SECRET, id="msg_1", timestamp=1_700_000_000, body=body)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = hmac.new(key, f"msg_1.1700000000.{body}".encode(), hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(expected).decode(),
    }
