"""Service units awarded and used, as the operator's accounting service tells them (Jetstream2's API)."""

from datetime import date
from decimal import Decimal
from typing import Any

from portal.cloud import translate
from portal.cloud.connection import Cloud
from portal.cloud.parse import Row, text
from portal.cloud.schema import Accounting
from portal.cloud.types import AccountingEntry, ResourceKind


@translate.translated("accounting")
def entries(cloud: Cloud) -> list[AccountingEntry]:
    """One per resource and period, past periods included; nothing where the cloud has no such service."""
    config = cloud.config.portal.accounting
    endpoint = cloud.endpoint(config.service_type) if config else None
    if config is None or endpoint is None:
        return []
    response = cloud.session.get(endpoint, raise_exc=False)
    if response.status_code >= 400:
        raise translate.from_response(response, "accounting")
    rows: list[dict[str, Any]] = response.json(parse_float=Decimal)
    return [_entry(row, config) for row in rows]


def _entry(row: Row, config: Accounting) -> AccountingEntry:
    provider_resource = text(row, "resource")
    used = row.get("service_units_used")
    return AccountingEntry(
        resource=_kind(provider_resource, config),
        provider_resource=provider_resource,
        title=text(row, "description"),
        abstract=text(row, "abstract"),
        awarded=Decimal(row["service_units_allocated"]),
        used=None if used is None else Decimal(used),
        starts_on=date.fromisoformat(row["start_date"][:10]),
        ends_on=date.fromisoformat(row["end_date"][:10]),
        active=_active(row["active"]),
    )


def _kind(provider_resource: str, config: Accounting) -> ResourceKind | None:
    """What an unknown resource is, nobody knows: it is kept and shown under its own name."""
    matching = (entry for entry in config.resources if entry.match.match(provider_resource))
    found = next(matching, None)
    return found.resource if found else None


def _active(value: object) -> bool:
    if value not in (0, 1):
        raise ValueError(f"active is {value!r}")
    return value == 1
