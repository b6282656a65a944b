"""Hooks into the layers below, and what an operator sees who looks as a learner."""

from instances import hooks_seats
from instances.workshops import hooks
from instances.workshops.learner import leaving
from portal.accounts import looking

hooks_seats.company_source(leaving.helpers_at)
hooks_seats.on_visit(leaving.visited)
hooks.seats_changed(leaving.look_again)
looking.close({"learner:"})
looking.leave_open({"learner:own", "learner:page", "learner:state", "learner:help", "learner:steps"})
