"""Template variables that every page has. Layers above add theirs with `provide`, in `template_context.py`."""

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.http import HttpRequest

Provider = Callable[[HttpRequest], Mapping[str, Any]]
_providers: list[Provider] = []


def _version() -> str:
    try:
        return version("heliosphere")
    except PackageNotFoundError:
        return "0.1.0"


PORTAL_VERSION = _version()


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
