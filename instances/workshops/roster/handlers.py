"""Hooks into the layers below."""

from instances.workshops import hooks
from instances.workshops.roster import held_back, people, reminding, visits
from instances.workshops.roster.models import JoinLink
from portal.accounts import hooks as accounts
from portal.accounts import looking, visiting
from portal.core.resealing import Tally, column, store

accounts.on_signed_in(people.recognize)
accounts.visits(visits.comes_for_a_workshop)
accounts.ways_in(visits.ways)
hooks.held_back(held_back.beyond_their_link)
hooks.plan_changed(reminding.plan_changed)
# Who is here for workshops gets to them, to what a seat offers, and to what they are told; each door there is its own.
visiting.open_to_visitors({"workshops:", "roster:", "learner:", "board:", "runs:", "after:", "remote:"})
visiting.open_to_visitors(
    {"notices:inbox", "notices:bell", "notices:open", "notices:read", "notices:read-all"}
)
visiting.open_to_visitors({"notices:dismiss", "notices:unsubscribe", "notices:preferences"})
# Codes are bearer's secrets, and a join is the person's own.
looking.close({"roster:"})
looking.leave_open({"roster:list"})


@store
def reseal(tally: Tally) -> None:
    """Codes of links, which are shown again."""
    column(JoinLink.objects.all(), "sealed_code", tally)
