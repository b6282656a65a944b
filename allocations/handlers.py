"""Hooks into the layers below, registered at start."""

from allocations.services import apply_projects
from portal.accounts.hooks import on_projects

on_projects(apply_projects)
