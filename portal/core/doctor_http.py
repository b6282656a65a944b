"""One question over HTTP, as the doctor asks it: short time-outs, no proxy, no redirect, no more than a little read."""

import json
from dataclasses import dataclass, field
from typing import Any

import requests

_TIMEOUTS = (4.0, 8.0)
_MOST = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: none came, and `trouble` says why. Nothing in it is to be trusted."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    trouble: str = ""

    @property
    def json(self) -> Any:
        """None where the body is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


def ask(url: str, *, method: str = "GET", verify: bool | str = True) -> Answer:
    with requests.Session() as session:
        session.trust_env = False
        try:
            with session.request(
                method, url, timeout=_TIMEOUTS, verify=verify, allow_redirects=False, stream=True
            ) as reply:
                body = reply.raw.read(_MOST, decode_content=True).decode("utf-8", "replace")
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return Answer(reply.status_code, headers, body)
        except requests.exceptions.SSLError:
            return Answer(0, trouble="its certificate is not trusted, or TLS fails")
        except requests.Timeout:
            return Answer(0, trouble="no answer in time")
        except (requests.RequestException, OSError, ValueError):
            return Answer(0, trouble="no connection")
