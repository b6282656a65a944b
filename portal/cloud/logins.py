"""The ways to sign in to a cloud, as values. Secrets never show in a repr."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AppCredentialLogin:
    cloud: str
    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    cloud: str
    username: str
    password: str = field(repr=False)
    user_domain: str = "Default"
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A Keystone token that somebody has; with a project, another one is asked for in its scope."""

    cloud: str
    token: str = field(repr=False)
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class OidcTokenLogin:
    """An access token of the identity provider, exchanged at Keystone's federation endpoint."""

    cloud: str
    access_token: str = field(repr=False)


Login = AppCredentialLogin | PasswordLogin | TokenLogin | OidcTokenLogin
