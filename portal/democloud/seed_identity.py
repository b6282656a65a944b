"""Who there is in Keystone: domains, roles, projects, users and their roles. Every password is `demo`."""

from __future__ import annotations

from portal.democloud.model_identity import Assignment, Domain, Project, Role, User
from portal.democloud.seed_catalogue import OPERATOR_PROJECT, stable_hex
from portal.democloud.state import Identity

PASSWORD = "demo"  # noqa: S105 - printed on the demo's first page
PROJECTS = {
    "BIO220047": "Genome assembly of prairie grasses",
    "TRA220028": "Introduction to computational science",
    "CIS220046": "Vision models for wildlife cameras",
    "PHY220011": "Lattice simulations of strongly coupled matter",
    OPERATOR_PROJECT: "Operators",
}
MEMBERS: dict[str, dict[str, tuple[str, ...]]] = {
    "alice": {"BIO220047": ("manager", "member"), "CIS220046": ("manager", "member")},
    "bob": {"BIO220047": ("member",), "PHY220011": ("manager", "member")},
    "carol": {"TRA220028": ("manager", "member")},
    "dave": {"TRA220028": ("member",), "CIS220046": ("member",)},
    "olivia": {name: ("reader",) for name in PROJECTS if name != OPERATOR_PROJECT},
    "admin": {OPERATOR_PROJECT: ("admin", "member")},
}
ROLES = ("admin", "manager", "member", "reader")


def project_id(name: str) -> str:
    return stable_hex("project", name)


def user_id(name: str) -> str:
    return stable_hex("user", name)


def identity() -> Identity:
    found = Identity()
    found.domains = {"default": Domain("default", "Default"), "access": Domain("access", "access")}
    for name in ROLES:
        found.roles[stable_hex("role", name)] = Role(stable_hex("role", name), name)
    for name, title in PROJECTS.items():
        found.projects[project_id(name)] = Project(project_id(name), name, "default", title)
    for name, projects in MEMBERS.items():
        email = f"{name}@example.edu"
        found.users[user_id(name)] = User(user_id(name), name, "default", PASSWORD, email)
        for project, roles in projects.items():
            for role in roles:
                assignment = Assignment(user_id(name), project_id(project), stable_hex("role", role))
                found.assignments.add(assignment)
    return found
