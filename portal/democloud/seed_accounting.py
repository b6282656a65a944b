"""Awards and use of the demo's allocations: one active and one past period of each resource."""

from __future__ import annotations

from datetime import date, timedelta

from portal.democloud.model_storage import AccountingRow
from portal.democloud.seed_identity import PROJECTS, project_id

ABSTRACTS = {
    "BIO220047": "We assemble and annotate genomes of tallgrass prairie species to study drought tolerance.",
    "TRA220028": "A first course in computing for scientists: shell, Python, data and parallel thinking.",
    "CIS220046": "Detection and re-identification of animals in camera-trap images with vision transformers.",
    "PHY220011": "Monte Carlo studies of gauge theories at strong coupling on space-time lattices.",
}
_NAMES = {
    "cpu": "jetstream2.indiana.xsede.org",
    "gpu": "jetstream2-gpu.indiana.xsede.org",
    "lm": "jetstream2-lm.indiana.xsede.org",
    "storage": "jetstream2-storage.indiana.xsede.org",
}
# project -> resource -> (awarded, used), then days since the start and days to the end of the period
AWARDS: dict[str, tuple[dict[str, tuple[float, float]], int, int]] = {
    "BIO220047": ({"cpu": (400000, 152340.5), "lm": (50000, 8211), "storage": (5000, 5000)}, 190, 175),
    "TRA220028": ({"cpu": (120000, 20310.25), "storage": (1000, 1000)}, 82, 283),
    "CIS220046": ({"cpu": (60000, 12077), "gpu": (200000, 141920.75), "storage": (2000, 2000)}, 240, 125),
    "PHY220011": ({"cpu": (200000, 197412), "storage": (1000, 1000)}, 356, 9),
}


def rows(today: date) -> list[AccountingRow]:
    found: list[AccountingRow] = []
    for project, (resources, since, left) in AWARDS.items():
        start, end = today - timedelta(days=since), today + timedelta(days=left)
        for resource, (awarded, used) in resources.items():
            now = _row(project, resource, start, end, awarded, used, active=True)
            before = _row(
                project,
                resource,
                start - timedelta(days=365),
                start - timedelta(days=1),
                awarded / 2,
                awarded / 2.2,
            )
            found += [now, before]
    return found


def _row(
    project: str,
    resource: str,
    start: date,
    end: date,
    awarded: float,
    used: float,
    *,
    active: bool = False,
) -> AccountingRow:
    return AccountingRow(
        project_id=project_id(project),
        resource=_NAMES[resource],
        description=PROJECTS[project],
        abstract=ABSTRACTS[project],
        start_date=start,
        end_date=end,
        service_units_allocated=awarded,
        service_units_used=round(used, 2),
        active=active,
    )
