"""Template variables that every page has. Layers above add theirs with `provide`, in `template_context.py`."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest

from portal.core.version import PORTAL_VERSION

Provider = Callable[[HttpRequest], Mapping[str, Any]]
_providers: list[Provider] = []


def provide(provider: Provider) -> Provider:
    """Decorator: what the function returns is in the context of every template that a request renders."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def portal(request: HttpRequest) -> dict[str, Any]:
    variables: dict[str, Any] = {"portal_version": PORTAL_VERSION}
    for provider in _providers:
        variables.update(provider(request))
    return variables
