"""Where a cloud's allocations and people are told of beside OpenStack. A part of the shape of portal.yaml.

Keys are never in the file: it names the environment variables that hold them (`portal.cloud.keys` reads them).
"""

from re import Pattern
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from portal.cloud.schema_types import Link, WebAddress

MemberRole = Literal["pi", "co_pi", "manager", "ta", "member", "reader"]
# The name of an environment variable; empty: there is no such key.
KeyName = Annotated[str, StringConstraints(pattern=r"^([A-Z][A-Z0-9_]*)?$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _usual_roles() -> dict[str, MemberRole]:
    return {"pi": "pi", "co_pi": "co_pi", "allocation_manager": "manager", "user": "member"}


class PublicProjects(_Strict):
    """A public list of projects, looked into by grant number (ACCESS's current-projects.json)."""

    url: WebAddress
    title: str = "Public list of projects"
    # Where people read the list themselves.
    page_url: Link = ""
    # Polite: each grant is looked up once in so many hours, and no more pages of an answer are read than these.
    hours: float = Field(default=24, ge=1)
    most_pages: int = Field(default=3, ge=1, le=20)


class AccessKeys(_Strict):
    """Names of the environment variables that hold the keys; a part without its key is not used."""

    usermanagement: KeyName = ""
    userinfo: KeyName = ""
    spacct: KeyName = ""
    profiles: KeyName = ""


class Access(_Strict):
    """ACCESS's APIs about the members of projects. Each key opens one of them; each may be missing."""

    url: WebAddress
    title: str = "ACCESS"
    # Sent as XA-RESOURCE: the resource that the keys were made for; and as XA-REQUESTER, who asks.
    resource: str = Field(min_length=1)
    requester: str = "heliosphere"
    keys: AccessKeys = AccessKeys()
    members_minutes: float = Field(default=60, ge=1)
    pending_minutes: float = Field(default=5, gt=0)
    names_hours: float = Field(default=24, ge=1)
    # How long it usually takes until what was asked for is so; what people are told.
    pending_hours: float = Field(default=4, gt=0)
    # Their words for roles -> ours. Unknown words count as member.
    roles: dict[str, MemberRole] = Field(default_factory=_usual_roles)
    # Whether what is said there about roles decides what a person may do here. Else it is only shown.
    roles_decide: bool = False

    @field_validator("url")
    @classmethod
    def _has_no_end(cls, given: str) -> str:
        return given.rstrip("/")


class KeystoneMembers(_Strict):
    """Role assignments of the project, read and changed as the members themselves, as far as the cloud lets them."""

    change: bool = False
    member_role: str = "member"
    minutes: float = Field(default=30, ge=1)


class Sources(_Strict):
    """`grants`: which names of projects are grant numbers; the others are asked about nowhere.

    `manage_url`, `manage_text`: where, and how, a PI adds and removes people without this portal.
    """

    grants: Pattern[str] | None = None
    projects: PublicProjects | None = None
    access: Access | None = None
    keystone: KeystoneMembers | None = None
    manage_url: Link = ""
    manage_text: str = ""
