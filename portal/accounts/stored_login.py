"""A person's login at a cloud on its way from request to worker: sealed in CloudLink, erased after use."""

import json
from dataclasses import asdict

from portal.cloud.logins import AppCredentialLogin, Login, OidcTokenLogin, PasswordLogin, TokenLogin
from portal.core.seal import seal, unseal

_KINDS: dict[str, type[Login]] = {
    "application_credential": AppCredentialLogin,
    "password": PasswordLogin,
    "oidc_token": OidcTokenLogin,
    "websso": TokenLogin,
}


def pack(login: Login) -> str:
    kind = next(name for name, known in _KINDS.items() if isinstance(login, known))
    return seal(json.dumps({"kind": kind, **asdict(login)}))


def unpack(sealed: str) -> Login:
    fields = json.loads(unseal(sealed))
    return _KINDS[fields.pop("kind")](**fields)
