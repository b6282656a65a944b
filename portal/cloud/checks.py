"""`manage.py check`: the two configuration files can be used, said before anybody needs them."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error, Warning, register

from portal.cloud.config import CloudsConfig, ConfigError, load

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@register()
def configuration(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        found = load()
    except ConfigError as error:
        hint = (
            "The settings PORTAL_CONFIG and CLOUDS_YAML name the files; docs/configuration.md tells every key, "
            "portal/conf holds working ones."
        )
        return [Error(str(error), hint=hint, id="cloud.E001")]
    return [*_twins(found), *_unprotected(found), *_secrets(found)]


def _twins(found: CloudsConfig) -> Iterator[CheckMessage]:
    """One region of one Keystone under two names: every machine there would be in the portal twice."""
    for one, other in combinations(found.clouds.values(), 2):
        shared = sorted(set(one.regions) & set(other.regions))
        if one.auth_url == other.auth_url and shared:
            text = f"clouds {one.name} and {other.name} are the same region {shared[0]} of {one.auth_url}."
            hint = "Keep one of them, with the sign_in.methods of both."
            yield Warning(text, hint=hint, id="cloud.W001")


def _unprotected(found: CloudsConfig) -> Iterator[CheckMessage]:
    for cloud in found.clouds.values():
        for url in dict.fromkeys((cloud.auth_url, cloud.federation_auth_url)):
            if _readable_on_the_way(url):
                text = f"cloud {cloud.name} is reached at {url}: credentials travel unencrypted."
                yield Warning(text, hint="Use Keystone's https address.", id="cloud.W002")
        if cloud.verify is False:
            text = f"cloud {cloud.name} has verify: false: anybody on the way can read credentials."
            hint = "Name your certificate authority with cacert instead."
            yield Warning(text, hint=hint, id="cloud.W003")


def _readable_on_the_way(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in _LOOPBACK


def _secrets(found: CloudsConfig) -> Iterator[CheckMessage]:
    for cloud in found.clouds.values():
        if cloud.unused_secrets:
            keys = ", ".join(cloud.unused_secrets)
            text = (
                f"clouds.yaml holds credentials for cloud {cloud.name} ({keys}), which the portal never uses."
            )
            yield Warning(text, hint="Take them out of the file, and change them.", id="cloud.W004")
