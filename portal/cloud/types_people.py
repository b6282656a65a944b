"""Frozen values about projects and people that services beside OpenStack tell."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessMember:
    """A person in a project, on one resource. `role` and `state` are the source's own words; each may be empty."""

    username: str
    role: str = ""
    state: str = ""
    name: str = ""
    email: str = ""
    organization: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPerson:
    """`eligible`: whether they may be added to projects; `why_not` in the source's words."""

    username: str
    name: str = ""
    email: str = ""
    organization: str = ""
    eligible: bool = True
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicProject:
    number: str
    title: str = ""
    abstract: str = ""
    field_of_science: str = ""
    pi: str = ""
    institution: str = ""
    kind: str = ""
    begins: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A role that a user holds in a project themselves (not by a group)."""

    user_id: str
    user_name: str
    role_id: str
    role: str
