"""The pages that every allocation has: what the bar leads to, and where a switch to another allocation ends."""

from dataclasses import dataclass

from django.urls import reverse

from allocations.models import Allocation
from allocations.roles import Need, allows
from portal.cloud.config import clouds

LIST = "instances:list"


@dataclass(frozen=True, slots=True)
class Kind:
    """`label` empty: the cloud's word for its machines. `also`: pages that are part of this one."""

    name: str
    label: str
    icon: str
    need: Need
    also: frozenset[str] = frozenset()


_OF_MEMBERS = frozenset(f"members:{name}" for name in ("add", "roles", "invitations", "remove", "departure"))
_OF_BUDGETS = frozenset(f"budgets:{name}" for name in ("new", "many", "edit", "delete", "group", "limits"))
_OF_WORKSHOPS = frozenset(
    f"workshops:{name}"
    for name in ("new", "templates", "template", "cacao", "detail", "edit", "plan", "act", "save-template")
) | {"after:report", "after:left", "after:remove"}
KINDS = (
    Kind(
        "allocations:detail",
        "Overview",
        "gauge",
        Need.SEE,
        frozenset({"overview:quota", "overview:plan", "overview:trail", "overview:save"}),
    ),
    Kind(LIST, "", "server", Need.SEE),
    Kind(
        "instances:launch",
        "Launch",
        "rocket",
        Need.LAUNCH,
        frozenset({"instances:launch-preview", "instances:launch-key"}),
    ),
    Kind(
        "workshops:in-allocation",
        "Workshops",
        "school",
        Need.SEE,
        _OF_WORKSHOPS,
    ),
    Kind("reports:usage", "Usage", "chart-line", Need.SEE),
    Kind("members:list", "Members", "users", Need.SEE, _OF_MEMBERS),
    Kind("budgets:page", "Budgets", "wallet", Need.SEE, _OF_BUDGETS),
    Kind("policies:allocation", "Policies", "calendar", Need.SEE, frozenset({"policies:edit-default"})),
    Kind("remote:of-allocation", "Connections", "plug-connected", Need.ACT_ON_OTHERS),
)

_LIST = next(kind for kind in KINDS if kind.name == LIST)


def kind_of(view_name: str) -> str:
    """The kind of page that a view shows; a page that only one allocation can have counts as its list."""
    return next((kind.name for kind in KINDS if view_name == kind.name or view_name in kind.also), LIST)


def address_in(allocation: Allocation, wanted: str) -> str:
    """The page of this kind in an allocation, else its list, where the person may not have such a page."""
    kind = next((kind for kind in KINDS if kind.name == wanted), _LIST)
    allowed = allows(allocation.viewer_role, kind.need)
    return reverse(kind.name if allowed else LIST, args=[allocation.slug])


def pages_of(allocation: Allocation, view_name: str) -> list[dict[str, object]]:
    """What the bar leads to within an allocation."""
    configured = clouds()
    words = configured.words(allocation.cloud if allocation.cloud in configured.clouds else None)
    machines = f"{words.get('server', 'instance').capitalize()}s"
    return [
        {
            "label": kind.label or machines,
            "url": reverse(kind.name, args=[allocation.slug]),
            "icon": kind.icon,
            "current": view_name == kind.name or view_name in kind.also,
        }
        for kind in KINDS
        if allows(allocation.viewer_role, kind.need)
    ]
