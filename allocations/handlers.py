"""Hooks into the layers below, registered at start."""

from allocations import scopes as scopes  # registers what notices may be about
from allocations.services import apply_projects, read_again
from portal.accounts.hooks import on_projects, on_usable

on_projects(apply_projects)
on_usable(read_again)
