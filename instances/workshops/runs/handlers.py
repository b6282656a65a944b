"""Hooks into the parts below."""

from instances.workshops import hooks
from instances.workshops.runs import collecting, homes, own_parts, resealing
from portal.accounts import looking
from portal.core.resealing import store

__all__ = ["own_parts"]

hooks.seats_ready(homes.ready)
hooks.home_keeper(homes.kept)
hooks.plan_changed(collecting.at_end)
hooks.before_away(collecting.holds)
hooks.before_removal(collecting.waits)
# What people typed and what machines printed, and learners' work.
looking.close({"runs:command", "runs:output", "runs:work-archive", "runs:work-one", "runs:own-work-zip"})
store(resealing.reseal_runs)
store(resealing.reseal_files)
