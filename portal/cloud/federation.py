"""Why an exchange of the identity provider's token was refused: Apache and Keystone answer in two languages."""

import re
from typing import Any

import requests

from portal.cloud.translate import message_of, request_id_of
from portal.core.errors import Outcome, PortalError

_OF_THE_PERSON = frozenset({"cloud:federation-token", "cloud:federation-account"})
_DESCRIPTION = re.compile(r'error_description="([^"]{1,200})"')


def refusal(response: requests.Response) -> PortalError | None:
    """None for what is no refusal of its own kind, such as a server in trouble."""
    found = _found(response)
    if found is None:
        return None
    id, detail = found
    facts: dict[str, Any] = {"request_id": request_id} if (request_id := request_id_of(response)) else {}
    outcome: Outcome = "auth" if id in _OF_THE_PERSON else "refused"
    return PortalError(id, outcome=outcome, detail=detail, service="identity", **facts)


def _found(response: requests.Response) -> tuple[str, str] | None:
    said = message_of(response)
    challenge = response.headers.get("WWW-Authenticate", "")
    if response.status_code == 401 and challenge.startswith("Bearer"):
        described = _DESCRIPTION.search(challenge)
        why = described[1] if described else ""
        # Apache read the token, and did not find in it the claim that names the person.
        return ("cloud:federation-claims" if "remote user" in why else "cloud:federation-token"), why
    if response.status_code == 401 and "unsupported method" in said:
        return "cloud:federation-set-up", said
    if response.status_code == 401:
        return "cloud:federation-account", said
    if response.status_code in {404, 405}:
        return "cloud:federation-set-up", said
    if response.status_code == 403:
        return "cloud:federation-off", said
    return None
