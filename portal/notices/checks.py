"""What `manage.py check` says of how people are told of things."""

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from portal.notices import mails


@register(Tags.security)
def mail_is_configured(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """Without it people learn of what ends, fails or runs out only when they come by."""
    if mails.configured() or settings.DEVELOPMENT:
        return []
    text = "No mail server is configured: people hear of nothing outside of the portal."
    return [
        Warning(text, hint="Set EMAIL_URL and DEFAULT_FROM_ADDRESS (docs/operations.md).", id="portal.W010")
    ]


@register(Tags.security)
def refused_networks_are_networks(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    for network in settings.WEBHOOK_REFUSED_NETWORKS:
        try:
            ip_network(network, strict=False)
        except ValueError:
            text = f"WEBHOOK_REFUSED_NETWORKS: {network!r} is no network."
            yield Error(text, hint="Write it as 10.0.0.0/8 or 2001:db8::/32.", id="portal.E010")
