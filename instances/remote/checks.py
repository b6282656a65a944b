"""What every start says about settings of shells, desktops, files and ports that would harm somebody."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from instances.remote.ports.siting import faults


@register(Tags.security)
def ports_are_on_a_site_of_their_own(app_configs: Any, **kwargs: Any) -> Iterable[CheckMessage]:
    """What pages of machines can do to the portal depends on how its name and theirs are related."""
    domains = (settings.SESSION_COOKIE_DOMAIN or "", settings.CSRF_COOKIE_DOMAIN or "")
    hint = "Give the ports a name in a domain where nothing else is: see docs/operations.md, Ports."
    return [
        Error(text, hint=hint, id="remote.E001") if must else Warning(text, hint=hint, id="remote.W001")
        for text, must in faults(settings.SITE_URL, settings.PORTS_SITE, domains)
    ]
