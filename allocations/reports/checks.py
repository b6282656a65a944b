"""`manage.py check`: days on which a machine would have no rate, and so cost nothing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.checks import CheckMessage, Warning, register

from allocations.reports.rate_history import gaps, unpriced
from portal.cloud.config import ConfigError, load
from portal.cloud.schema import PortalCloud

# An end without a successor is told so long before.
_AHEAD = timedelta(days=60)


@register()
def rates_without_gaps(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    try:
        found = load()
    except ConfigError:
        return []  # told by portal.cloud
    today = datetime.now(UTC).date()
    return [
        message for name, cloud in found.clouds.items() for message in found_in(name, cloud.portal, today)
    ]


def found_in(name: str, cloud: PortalCloud, today: date) -> Iterator[CheckMessage]:
    hint = "Rates hold up to the day before valid_to: let the next one begin with that day as its valid_from."
    for pattern in dict.fromkeys(rate.flavor.pattern for rate in cloud.rates):
        for gap in gaps(cloud.rates, pattern):
            if gap.until is not None:
                last = gap.until - timedelta(days=1)
                text = f"clouds.{name}.rates: none holds for {pattern!r} from {gap.first} to {last}."
                yield Warning(text, hint=hint, id="reports.W001")
            elif gap.first <= today + _AHEAD:
                text = f"clouds.{name}.rates: none holds for {pattern!r} from {gap.first} on: its machines cost nothing."
                yield Warning(text, hint=hint, id="reports.W002")
    for group in unpriced(cloud):
        text = f"clouds.{name}.rates: the flavor group {group.name} has none: its machines cost nothing."
        yield Warning(text, hint="Give it one, with per_vcpu_hour: 0 if it is free.", id="reports.W003")
