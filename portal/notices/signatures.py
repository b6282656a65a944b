"""Signing what webhooks are sent, as Standard Webhooks describes it. Pure.

The signature is HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>` with the bytes behind `whsec_`, in base64,
after its version: `v1,…`. A receiver compares it in constant time, and refuses a timestamp that is minutes off.
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signature(secret: str, *, id: str, timestamp: int, body: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secret: str, *, id: str, timestamp: int, body: str) -> dict[str, str]:
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, id=id, timestamp=timestamp, body=body),
    }
