"""What `manage.py check --deploy` and every start say about settings that would harm somebody."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

_SHORTEST = 32
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]", "testserver", ".localhost"}


@register(Tags.security)
def keys_are_long(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    short = [place + 1 for place, key in enumerate(settings.SEAL_KEYS) if len(key) < _SHORTEST]
    if not short:
        return []
    text = f"SEAL_KEYS: key number {', '.join(map(str, short))} has fewer than {_SHORTEST} characters."
    hint = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    return [Error(text, hint=hint, id="portal.E001")]


@register(Tags.security)
def development_stays_at_home(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """DEVELOPMENT=1 seals with a key that everybody can read in the source."""
    abroad = [host for host in settings.ALLOWED_HOSTS if host not in _LOOPBACK]
    if not settings.DEVELOPMENT or not abroad:
        return []
    text = f"DEVELOPMENT=1 is set, and the portal answers to {', '.join(abroad)}."
    return [Error(text, hint="Unset DEVELOPMENT, and set SECRET_KEY and SEAL_KEYS.", id="portal.E002")]


@register(Tags.security)
def people_come_by_tls(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    site = urlsplit(settings.SITE_URL)
    host = f"[{site.hostname}]" if site.hostname == "::1" else site.hostname
    if site.scheme == "https" or host in _LOOPBACK:
        return []
    text = f"SITE_URL is {settings.SITE_URL}: session cookies would travel unencrypted."
    return [Warning(text, hint="Serve it by https and set SITE_URL so.", id="portal.W001")]
