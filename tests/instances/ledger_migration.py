"""Run as a program: an empty database is brought to what it was before the exact ledger, filled, and brought up to date."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import django
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("allocations", "0002_offers"), ("instances", "0004_teammates")]
AFTER = [("allocations", "0003_exact_ledger"), ("instances", "0005_sightings")]
LATE = datetime(2026, 3, 1, 23, 50, tzinfo=UTC)


def migrated(where: list[tuple[str, str]]) -> Any:
    MigrationExecutor(connection).migrate(where)
    return MigrationExecutor(connection).loader.project_state(where).apps


def fill(apps: Any) -> dict[str, Any]:
    allocation = apps.get_model("allocations", "Allocation").objects.create(
        slug="a", cloud="demo", region="IU", project_id="p", project_name="BIO"
    )
    bob = apps.get_model("accounts", "User").objects.create(username="bob")
    machine = apps.get_model("instances", "Instance")
    given = {"allocation": allocation, "created_at": LATE, "state_since": LATE, "charged_until": LATE}
    owned = machine.objects.create(server_id="s1", name="one", owner=bob, status="ACTIVE", vcpus=2, **given)
    claimed = machine.objects.create(server_id="s2", name="two", creator_name="carol", **given)
    entries = apps.get_model("allocations", "LedgerEntry")
    for number, instance_id in enumerate((str(owned.pk), str(claimed.pk), "gone")):
        entries.objects.create(
            key=f"{instance_id}:{number}",
            allocation=allocation,
            resource="cpu",
            instance_id=instance_id,
            instance_name="lab",
            flavor_name="m3.quad",
            status="ACTIVE",
            starts_at=LATE,
            ends_at=LATE + timedelta(minutes=15),
            su=Decimal("0.123456"),
        )
    return {"bob": bob.pk, "owned": owned.pk, "claimed": claimed.pk}


def check(apps: Any, kept: dict[str, Any]) -> None:
    entries = apps.get_model("allocations", "LedgerEntry").objects
    told = {row.instance_id: row for row in entries.all()}
    assert {row.su for row in told.values()} == {Decimal("0.123456")}
    assert {row.day for row in told.values()} == {date(2026, 3, 1)}
    assert told[str(kept["owned"])].owner_key == str(kept["bob"])
    assert told[str(kept["claimed"])].owner_key == "name:carol"
    assert told["gone"].owner_key == ""
    assert told["gone"].key == "gone:2"
    seen = apps.get_model("instances", "Sighting").objects.get(instance_id=kept["owned"])
    assert (seen.at, seen.status, seen.vcpus) == (LATE, "ACTIVE", 2)


if __name__ == "__main__":
    django.setup()
    kept_ids = fill(migrated(BEFORE))
    check(migrated(AFTER), kept_ids)
