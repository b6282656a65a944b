"""`manage.py check`: names of actions and of Nova's statuses in portal.yaml, which only this layer knows."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from instances.actions import ACTIONS
from instances.statuses import BADGES, REQUESTED
from portal.cloud.config import ConfigError, load
from portal.cloud.schema import PortalCloud


@register()
def names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        found = load()
    except ConfigError:
        return []  # told by portal.cloud
    return [
        message
        for name, cloud in found.clouds.items()
        for message in (*_actions(name, cloud.portal), *_statuses(name, cloud.portal))
    ]


def _actions(name: str, cloud: PortalCloud) -> Iterator[CheckMessage]:
    """A veto that names no action forbids nothing: an operator believes something to be barred that is not."""
    for group in cloud.flavor_groups:
        for action in sorted(group.disallowed_actions - set(ACTIONS)):
            text = f"clouds.{name}.flavor_groups: {group.name} disallows {action!r}, which is no action."
            yield Error(text, hint=f"Actions are: {', '.join(ACTIONS)}.", id="instances.E001")


def _statuses(name: str, cloud: PortalCloud) -> Iterator[CheckMessage]:
    known = set(BADGES) - {REQUESTED}
    for status in sorted(set(cloud.state_fractions) - known):
        text = f"clouds.{name}.state_fractions: {status} is no status of Nova that the portal knows."
        yield Warning(text, hint=f"Statuses are: {', '.join(sorted(known))}.", id="instances.W001")
