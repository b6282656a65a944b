"""Hooks into the layers below."""

from allocations import hooks_people
from instances.workshops.clock import leaving

hooks_people.on_ended(leaving.membership_ended)
