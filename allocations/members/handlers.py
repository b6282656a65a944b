"""Hooks into the layers below, registered at start."""

from allocations import hooks_people
from allocations.members import deciding, held, telling

telling.register_kinds()
hooks_people.decider(deciding.decided)
hooks_people.on_joined(telling.joined)
hooks_people.left_behind(held.credentials_left)
