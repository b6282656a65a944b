"""The row that decides who gets which seat, and open pages that show the roster."""

from collections.abc import Iterable

from instances.workshops import live
from instances.workshops.models import Learner, Workshop
from portal.core import events

CHANGED = "roster:changed"


def hold(workshop: Workshop) -> Workshop:
    """The workshop, locked until the transaction ends: of two who claim the last seat, one is after the other."""
    return (
        Workshop.objects.select_for_update(of=("self",), no_key=True)
        .select_related("allocation")
        .get(pk=workshop.pk)
    )


def changed(workshop: Workshop, learners: Iterable[Learner] = ()) -> None:
    """Whoever runs it sees the list anew, and those learners their own page."""
    events.publish([live.group_of(workshop.pk)], events.Changed(CHANGED, {"id": str(workshop.pk)}))
    live.learners_changed(one.pk for one in learners)


def line_moved(workshop: Workshop) -> None:
    """Everybody in line may stand at another place."""
    waiting = Learner.objects.filter(workshop=workshop, state=Learner.State.WAITING)
    live.learners_changed(waiting.values_list("pk", flat=True))


def shut_out(learner: Learner) -> None:
    """Sockets of this person ask again what they may do: what they had open at their seat ends."""
    if learner.user_id:
        events.publish([f"user.{learner.user_id}"], events.AccessChanged())
