"""Changing the role of one person, or of several at once."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from allocations.access import allocation_for
from allocations.members import roles as services
from allocations.members import rules
from allocations.members.people import Crew, crew, key_of
from allocations.roles import Need
from allocations.sources.capabilities import capabilities
from allocations.sources.people import Person
from portal.accounts.models import User
from portal.accounts.views_profile import person
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part, trigger

PAGE, PART, REPORT = "members/roles.html", "members/_roles.html", "members/_roles_report.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def roles(request: HttpRequest, slug: str) -> HttpResponse:
    """GET asks, for those in `id` or for everybody; POST with `id` and `role` does it, and reports on each."""
    allocation, viewer = allocation_for(request.user, slug, Need.MANAGE), person(request)
    people = crew(allocation)
    actor = people.actor(viewer)
    context = {
        "allocation": allocation,
        "chosen": _candidates(people, viewer, request.GET.getlist("id")),
        "choices": rules.choices(actor),
        "can": capabilities(allocation),
    }
    if request.method != "POST":
        return page_or_part(request, PAGE, PART, context)
    keys, role = request.POST.getlist("id")[:500], request.POST.get("role", "")
    if not keys or role not in rules.GIVABLE:
        context["wrong"] = "Choose who, and which role."
        return page_or_part(request, PAGE, PART, context, status=422)
    context["results"] = services.change_many(allocation=allocation, by=viewer, keys=keys, role=role)
    context["role_label"] = rules.LABELS[role]
    return trigger(page_or_part(request, PAGE, REPORT, context), "members:changed")


def _candidates(people: Crew, viewer: User, keys: list[str]) -> list[tuple[str, Person, str]]:
    """Those of the keys, or everybody, whose role this viewer may change: key, person, what they are now."""
    actor = people.actor(viewer)
    asked = set(keys)
    found = [
        (key_of(one.username), one, rules.title(people.role_of(one)))
        for one in people.inside
        if _may(people, actor, one, viewer) and (not asked or key_of(one.username) in asked)
    ]
    if asked and not found:
        raise PortalError("members:refused", person="They", reason=_why(people, actor, viewer, asked))
    return found


def _why(people: Crew, actor: rules.Actor, viewer: User, asked: set[str]) -> str:
    one = people.find(next(iter(sorted(asked))))
    wanted = "member" if people.role_of(one) != "member" else "ta"
    return (
        rules.why_not_change(actor, people.role_of(one), wanted, own=_own(one, viewer))
        or "They were removed."
    )


def _may(people: Crew, actor: rules.Actor, one: Person, viewer: User) -> bool:
    held, own = people.role_of(one), _own(one, viewer)
    # Whom the cloud lets look only is promised nothing here.
    there = one.state in ("active", "pending") and one.role != "reader"
    return there and any(not rules.why_not_change(actor, held, wanted, own=own) for wanted in rules.GIVABLE)


def _own(one: Person, viewer: User) -> bool:
    return one.user is not None and one.user.pk == viewer.pk
