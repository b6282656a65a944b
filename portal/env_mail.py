"""How the portal sends e-mail, from the environment: EMAIL_URL, or EMAIL_HOST and its companions. Neither: it sends none."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from portal import env

SMTP = "django.core.mail.backends.smtp.EmailBackend"
FILES = "django.core.mail.backends.filebased.EmailBackend"
_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_SCHEMES = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "tls"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def settings() -> dict[str, Any]:
    """The settings of django.core.mail. EMAIL_BACKEND is empty where the portal sends none."""
    url, host = env.secret("EMAIL_URL", ""), env.text("EMAIL_HOST", "")
    if url and host:
        raise ImproperlyConfigured("EMAIL_URL and EMAIL_HOST are both set: set one of them.")
    found = _of_url(url) if url else _of_host(host) if host else {"EMAIL_BACKEND": ""}
    sender = env.text("DEFAULT_FROM_ADDRESS", "")
    if found["EMAIL_BACKEND"] and not sender:
        raise ImproperlyConfigured(
            "Mail is configured, so DEFAULT_FROM_ADDRESS has to say as whom it is sent."
        )
    if sender and (sender.count("@") != 1 or any(letter.isspace() or letter in "<>,;" for letter in sender)):
        raise ImproperlyConfigured(f"DEFAULT_FROM_ADDRESS={sender!r} is not one plain address.")
    timeout = env.number("EMAIL_TIMEOUT", 15, least=1)
    return {**found, "DEFAULT_FROM_EMAIL": sender, "EMAIL_TIMEOUT": timeout}


def _of_url(url: str) -> dict[str, Any]:
    """`smtp+starttls://user:password@host:587`, `smtps://…`, `smtp://…`, or `file:///folder`. Never shown in an error."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return {"EMAIL_BACKEND": FILES, "EMAIL_FILE_PATH": unquote(parts.path)}
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("EMAIL_URL: its port is no number.") from None
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"EMAIL_URL has to begin with one of {', '.join(_SCHEMES)} and name a host, or be file:///folder."
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _smtp(parts.hostname, port, user, password, _SCHEMES[parts.scheme], "EMAIL_URL")


def _of_host(host: str) -> dict[str, Any]:
    security = env.text("EMAIL_SECURITY", "starttls")
    if security not in _PORTS:
        raise ImproperlyConfigured(f"EMAIL_SECURITY={security!r} is none of {', '.join(_PORTS)}.")
    port = int(env.number("EMAIL_PORT", _PORTS[security], least=1))
    user, password = env.text("EMAIL_HOST_USER", ""), env.secret("EMAIL_HOST_PASSWORD", "")
    return _smtp(host, port, user, password, security, "EMAIL_SECURITY")


def _smtp(
    host: str, port: int | None, user: str, password: str, security: str, variable: str
) -> dict[str, Any]:
    if password and security == "none" and host not in _LOOPBACK:
        raise ImproperlyConfigured(f"{variable}: a password would travel to {host} unencrypted.")
    if bool(user) != bool(password):
        raise ImproperlyConfigured("The mail server needs a user and a password, or neither.")
    return {
        "EMAIL_BACKEND": SMTP,
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or _PORTS[security],
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": security == "starttls",
        "EMAIL_USE_SSL": security == "tls",
    }
