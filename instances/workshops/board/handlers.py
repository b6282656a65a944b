"""Hooks into the layers below, and what an operator who looks as a helper does not see: a learner's screen."""

from instances.workshops.board.pushing import seats_changed
from instances.workshops.board.reminding import KIND
from instances.workshops.hooks import seats_changed as on_seats_changed
from portal.accounts import looking
from portal.notices.kinds import Kind, register

on_seats_changed(seats_changed)
looking.close({"board:looking"})
register(Kind(KIND, "A learner waits for help in a workshop", group="workshops", ways={"page"}))
