"""What the demo's PI has decided about machines, by the services that the pages call; once, so that people can change it."""

from allocations.access import allocations_of
from instances.policies import services
from instances.policies.models import Policy
from instances.policies.rules import Kind
from portal.accounts.models import User

PROJECT, REGION = "CIS220046", "IU"
_DAY = {"start": 6 * 60, "end": 23 * 60}
# GPUs are dear: they sleep at night, end some day, and are not left alone for a whole day.
_DECIDED: dict[Kind, dict[str, object]] = {
    "schedule": {"zone": "America/Chicago", "week": [_DAY] * 7},
    "lease": {"days": 60, "extend_days": 14, "longest_days": 180},
    "idle": {"hours": 24, "warn_minutes": 240},
}


def decide(pi: User) -> None:
    """Nothing where somebody has decided anything there before, or the person may not."""
    allocation = allocations_of(pi).filter(project_name=PROJECT, region=REGION).first()
    if allocation is None or Policy.objects.filter(allocation=allocation).exists():
        return
    for kind, given in _DECIDED.items():
        services.set_default(allocation=allocation, by=pi, kind=kind, rules=services.parse(kind, given))
