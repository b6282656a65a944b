"""Each refusal of an exchanged sign-in, as Apache and Keystone were seen to word it, becomes an error that says what to do."""

import pytest

from portal.cloud import identity
from portal.cloud.connection import OidcTokenLogin
from portal.core.errors import PortalError, explain
from tests.portal.cloud.stub import Answer, Stub
from tests.portal.cloud.test_identity import EXCHANGE

AUTHENTICATE = "The request you have made requires authentication."
HTML = {"Content-Type": "text/html; charset=iso-8859-1"}


def bearer(error: str, description: str) -> Answer:
    header = f'Bearer error="{error}", error_description="{description}"'
    return Answer(401, body=b"<html>401 Unauthorized", headers={"WWW-Authenticate": header, **HTML})


def keystone(status: int, message: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message, "title": "x"}})


def exchange(stub: Stub, answer: Answer) -> PortalError:
    stub.on("POST", EXCHANGE, answer)
    with pytest.raises(PortalError) as refused:
        identity.validate(OidcTokenLogin("stub", "an-access-token"))
    assert "an-access-token" not in f"{refused.value.params}{refused.value.detail}"
    return refused.value


@pytest.mark.parametrize(
    ("answer", "id", "outcome"),
    [
        (
            bearer("invalid_token", "Reference token could not be introspected"),
            "cloud:federation-token",
            "auth",
        ),
        (bearer("invalid_request", "No bearer token found in the request"), "cloud:federation-token", "auth"),
        (bearer("invalid_token", "Could not set remote user"), "cloud:federation-claims", "refused"),
        (keystone(401, AUTHENTICATE), "cloud:federation-account", "auth"),
        (
            keystone(401, "Attempted to authenticate with an unsupported method."),
            "cloud:federation-set-up",
            "refused",
        ),
        (keystone(404, "Could not find Identity Provider: nobody."), "cloud:federation-set-up", "refused"),
        (
            keystone(403, "You are not authorized to perform the requested action."),
            "cloud:federation-off",
            "refused",
        ),
        (Answer(404, body=b"<html>404", headers=HTML), "cloud:federation-set-up", "refused"),
        (keystone(500, "An unexpected error"), "cloud:server-error", "retry"),
        (Answer(503, body=b"<html>503", headers=HTML), "cloud:unavailable", "retry"),
    ],
)
def test_each_refusal_is_told_apart(stub: Stub, answer: Answer, id: str, outcome: str) -> None:
    error = exchange(stub, answer)
    assert (error.id, error.outcome) == (id, outcome)
    assert explain(error.id, error.params).todo.endswith(".")


def test_the_clouds_words_are_kept_for_support(stub: Stub) -> None:
    assert exchange(stub, keystone(401, AUTHENTICATE)).detail == AUTHENTICATE
    assert (
        "introspected"
        in exchange(stub, bearer("invalid_token", "Reference token could not be introspected")).detail
    )


def test_a_header_without_end_is_cut(stub: Stub) -> None:
    assert len(exchange(stub, bearer("invalid_token", "x" * 5000)).detail) <= 200
