"""The ledger: metering all machines, a year of entries on PostgreSQL, a month's usage of a large allocation.

It runs on a PostgreSQL of its own where one is installed. How often machines change is an assumption, said below.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.bench.database import portal_in_this_process
from tests.bench.figures import Figure, middle

ALLOCATIONS, MACHINES, LARGE = 1500, 5000, 500
# Two machines in five are stopped each evening and started each morning: three entries a day, and two sightings;
# the others one entry.
CHANGING = 2, 5
# What is stored of the large allocation, and of all others.
MONTH, DAYS = 31, 6
YEAR, GB = 365, 1e9
ROUNDS = 9


def run() -> list[Figure]:
    with _postgres() as found, portal_in_this_process():
        machines = _machines()
        metering = _metering()
        _store(machines)
        if not found:
            print("  without PostgreSQL (apt-get install postgresql) a year's size is not measured")
        return [*metering, *_usage(), *(_sizes() if found else ())]


@contextlib.contextmanager
def _postgres() -> Iterator[bool]:
    from tests import postgres

    try:
        with postgres.server() as url:
            os.environ["TEST_DATABASE_URL"] = url
            yield True
    except postgres.PostgresMissing:
        yield False


def _machines() -> list[UUID]:
    """All of them, the first 500 in one allocation; charged up to yesterday's midnight."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from allocations.models import Allocation
    from allocations.rates import midnight
    from instances.models import Instance

    people = [get_user_model()(username=f"person{number}") for number in range(60)]
    get_user_model().objects.bulk_create(people)
    allocations = [
        Allocation(
            slug=f"a{number}",
            cloud="demo",
            region="IU",
            project_id=f"p{number}",
            project_name=f"BIO{number:06}",
        )
        for number in range(ALLOCATIONS)
    ]
    Allocation.objects.bulk_create(allocations)
    today = midnight(timezone.now())
    rows = [
        Instance(
            allocation=allocations[0 if number < LARGE else 1 + number % (ALLOCATIONS - 1)],
            server_id=f"server-{number}",
            name=f"machine-of-the-lab-{number}",
            owner=people[number % len(people)],
            status="ACTIVE",
            flavor_name="m3.quad",
            vcpus=4,
            created_at=today - timedelta(days=90),
            state_since=today,
            seen_at=timezone.now(),
            charged_until=today - timedelta(days=1),
        )
        for number in range(MACHINES)
    ]
    Instance.objects.bulk_create(rows, batch_size=1000)
    return [row.pk for row in rows]


def _metering() -> list[Figure]:
    """The cycle after midnight, in which all are charged, and one in which none is due; and all accruals."""
    from django.utils import timezone

    from allocations.models import Allocation
    from instances import accruing, meter

    began, cpu = time.perf_counter(), time.process_time()
    written = meter.charge_all()
    took, on_core = time.perf_counter() - began, time.process_time() - cpu
    assert written == MACHINES, written
    began = time.perf_counter()
    assert meter.charge_all() == 0
    idle = time.perf_counter() - began
    began = time.perf_counter()
    accruing.accrued(list(Allocation.objects.values_list("pk", flat=True)), timezone.now())
    accrual = time.perf_counter() - began
    return [
        Figure(f"metering {MACHINES} machines after midnight", took, "s", most=10),
        Figure("of which this process computed", on_core, "s"),
        Figure("metering when nothing is due", idle, "s", most=1),
        Figure(f"what {MACHINES} machines accrued, all at once", accrual, "s", most=3),
    ]


def _store(machines: list[UUID]) -> None:
    """A month of entries of the large allocation, and some days of all others: enough to know what a row takes."""
    from django.utils import timezone

    from allocations.models import LedgerEntry
    from allocations.rates import midnight
    from instances.models import Instance, Sighting

    rows = Instance.objects.in_bulk(machines)
    today = midnight(timezone.now())
    for back in range(2, MONTH + 2):
        day = today - timedelta(days=back)
        stored = list(enumerate(machines if back < 2 + DAYS else machines[:LARGE]))
        entries = [entry for number, pk in stored for entry in _entries(rows[pk], number, day)]
        LedgerEntry.objects.bulk_create(entries, batch_size=2000)
        seen = [each for number, pk in stored for each in _sightings(rows[pk], number, day)]
        Sighting.objects.bulk_create(seen, batch_size=2000)


def _changes(number: int) -> bool:
    return number % CHANGING[1] < CHANGING[0]


def _entries(row: Any, number: int, day: datetime) -> Iterator[Any]:
    from instances.accruing import pieces
    from instances.meter import entry_of
    from portal.cloud.config import clouds

    hours = (0, 8, 18, 24) if _changes(number) else (0, 24)
    for place, (start, end) in enumerate(pairwise(hours)):
        row.charged_until = day + timedelta(hours=start)
        row.status = "SHUTOFF" if len(hours) > 2 and place != 1 else "ACTIVE"
        yield from map(entry_of, pieces(row, day + timedelta(hours=end), clouds().cloud("demo").portal))


def _sightings(row: Any, number: int, day: datetime) -> Iterator[Any]:
    from instances import meter

    for hour in (8, 18) if _changes(number) else ():
        yield meter.seen(row, day + timedelta(hours=hour))


def _usage() -> list[Figure]:
    """A month of the large allocation, as reports ask for it."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from allocations import usage
    from allocations.models import Allocation, LedgerEntry
    from allocations.rates import midnight

    large = Allocation.objects.get(slug="a0")
    end = midnight(timezone.now())
    start = end - timedelta(days=MONTH)
    _settle_statistics()
    found = []
    for by in (("owner",), ("instance",), ("day", "resource"), ("owner", "day", "flavor")):
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with CaptureQueriesContext(connection) as queries:
                usage.totals([large.pk], start=start, end=end, by=by)
            times.append((time.perf_counter() - began) * 1000)
        found.append(Figure(f"a month by {', '.join(by)}, {LARGE} machines", middle(times), "ms", most=200))
    count = LedgerEntry.objects.filter(allocation=large, starts_at__gte=start).count()
    return [
        Figure("entries of that month", count, "rows"),
        Figure("queries for it", len(queries), "queries", most=5),
        *found,
    ]


def _settle_statistics() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _sizes() -> list[Figure]:
    """Bytes per row with all indexes, and what a year of them is."""
    from django.db import connection

    from allocations.models import LedgerEntry
    from instances.models import Sighting

    def bytes_of(model: Any) -> float:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
            size: float = cursor.fetchone()[0] / model.objects.count()
        return size

    per_entry, per_sighting = bytes_of(LedgerEntry), bytes_of(Sighting)
    changing = CHANGING[0] / CHANGING[1]
    entries_a_year = MACHINES * YEAR * (1 + 2 * changing)
    sightings_a_year = MACHINES * YEAR * 2 * changing
    year = (per_entry * entries_a_year + per_sighting * sightings_a_year) / GB
    return [
        Figure("an entry with its indexes", per_entry, "bytes"),
        Figure("a sighting with its indexes", per_sighting, "bytes"),
        Figure(f"entries of a year, {MACHINES} machines", entries_a_year / 1e6, "million"),
        Figure("a year of ledger on PostgreSQL", year, "GB", most=2),
        Figure("entries of a year that 2 GB hold", 2 * GB / per_entry / 1e6, "million"),
    ]
