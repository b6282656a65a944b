"""Hooks into the layers below."""

from instances.hooks_seats import seat_source
from instances.workshops.access import places_of
from portal.notices.kinds import Kind, register

seat_source(places_of)
register(Kind("workshop.run", "A workshop that you run needs you", group="workshops", ways={"page", "mail"}))
register(Kind("workshop.part", "Workshops that you take part in", group="workshops", ways={"page", "mail"}))
