"""What Keystone keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Domain:
    id: str
    name: str
    description: str = ""


@dataclass
class Project:
    id: str
    name: str
    domain_id: str
    description: str = ""
    enabled: bool = True
    tags: list[str] = field(default_factory=list)


@dataclass
class User:
    """`unique_id` is the federated name; a federated user has no password."""

    id: str
    name: str
    domain_id: str
    password: str | None = None
    email: str | None = None
    enabled: bool = True
    unique_id: str | None = None
    default_project_id: str | None = None


@dataclass
class Role:
    id: str
    name: str


@dataclass(frozen=True)
class Assignment:
    user_id: str
    project_id: str
    role_id: str


@dataclass
class Token:
    id: str
    user_id: str
    project_id: str | None
    methods: list[str]
    audit_ids: list[str]
    issued_at: datetime
    expires_at: datetime
    application_credential_id: str | None = None
    federated: bool = False
    revoked: bool = False


@dataclass
class ApplicationCredential:
    id: str
    name: str
    user_id: str
    project_id: str | None
    secret_hash: str
    role_ids: list[str]
    created_at: datetime
    unrestricted: bool | None = None
    description: str | None = None
    expires_at: datetime | None = None
    access_rules: list[dict[str, str]] | None = None
