"""The shape of portal.yaml: whatever is particular to one cloud is data in that file, nothing is in code."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from re import Pattern
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from portal.cloud.schema_metering import Metering
from portal.cloud.schema_oversight import Oversight
from portal.cloud.schema_planning import Expiry, Planning
from portal.cloud.schema_policies import Policies
from portal.cloud.schema_portals import OtherPortal
from portal.cloud.schema_remote import Remote
from portal.cloud.schema_sources import Sources
from portal.cloud.schema_telling import Telling
from portal.cloud.schema_types import (
    Cidr,
    KeystoneAddress,
    Link,
    Number,
    Regions,
    WebAddress,
    complain_of_twins,
)
from portal.cloud.schema_workshops import Workshops
from portal.cloud.types import Image, ResourceKind

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?")
SignInMethod = Literal["oidc_token", "websso", "application_credential", "password"]
# What a role of Keystone can be in the portal, strongest first; `allocations.roles` says what each may do.
Role = Literal["pi", "co_pi", "manager", "ta", "member", "reader"]
# Words that pages take from the operator.
Word = Literal["project", "server", "flavor", "floating_ip", "security_group", "shell", "desktop"]
Status = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z_]*$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Branding(Strict):
    title: str = "Heliosphere"
    support_url: Link = ""
    support_email: str = ""
    documentation_url: Link = ""
    about: str = ""


class ClaimNames(Strict):
    """Which claim of the identity provider carries what."""

    subject: str = "sub"
    access_id: str = "eppn"
    idp: str = "idp"
    idp_name: str = "idp_name"
    email: str = "email"
    email_verified: str = "email_verified"
    name: str = "name"
    given_name: str = "given_name"
    family_name: str = "family_name"
    assurance: str = "acr"
    groups: str = "is_member_of"


class Oidc(Strict):
    """Sign-in. The client id and its secret are settings, not here.

    `group_pattern` reads a grant and a role out of the name of a group, by regex groups grant and role.
    """

    issuer: WebAddress
    provider_id: str = "cilogon"
    title: str = "CILogon"
    scopes: tuple[str, ...] = ("openid", "email", "profile", "org.cilogon.userinfo")
    idphint: str = ""
    allowed_idps: tuple[str, ...] = ()
    # From where people may come who only take part in a workshop, beside those; "*": from anywhere.
    visitor_idps: tuple[str, ...] = ()
    # Those whose e-mail addresses are verified, where they do not say so in a claim.
    email_idps: tuple[str, ...] = ()
    claims: ClaimNames = ClaimNames()
    # What the operator's people call their id (such as "ACCESS ID"), and where to get help with it.
    id_title: str = "user id"
    help: str = ""
    access_id_pattern: Pattern[str] | None = None
    group_pattern: Pattern[str] | None = None
    operator_groups: tuple[str, ...] = ()
    operator_assurance: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _patterns_name_their_parts(self) -> "Oidc":
        if self.group_pattern is not None and not {"grant", "role"} <= set(self.group_pattern.groupindex):
            raise ValueError("group_pattern needs the named groups (?P<grant>...) and (?P<role>...)")
        return self


class SignIn(Strict):
    """How people reach this cloud. Federation is at `federation_auth_url` where it is not at the auth_url."""

    methods: tuple[SignInMethod, ...] = Field(min_length=1)
    identity_provider: str = ""
    protocol: str = "openid"
    federation_auth_url: KeystoneAddress = ""
    # Of Keystone's two addresses for WebSSO, the one that names the identity provider.
    websso_by_provider: bool = False
    # Whose page may post the token back, beside the one at the federation's address: "https://host[:port]".
    websso_form_origins: tuple[str, ...] = ()
    user_domain: str = "Default"
    # How long application credentials last that the portal makes; those of people who come back are renewed.
    credential_days: int = Field(default=30, ge=1, le=365)
    # The longest life of a credential that a person has made for their own tools.
    tool_days: int = Field(default=365, ge=1, le=365)

    @field_validator("websso_form_origins")
    @classmethod
    def _are_origins(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for one in given:
            if not _ORIGIN.fullmatch(one):
                raise ValueError(f"{one!r} is no origin: write https://host or https://host:port")
        return given

    @model_validator(mode="after")
    def _federation_is_complete(self) -> "SignIn":
        complain_of_twins("method", self.methods)
        if "oidc_token" in self.methods and not self.identity_provider:
            raise ValueError("method oidc_token needs identity_provider (its id in Keystone)")
        if self.websso_by_provider and not self.identity_provider:
            raise ValueError("websso_by_provider needs identity_provider (its id in Keystone)")
        return self


class SecurityRule(Strict):
    direction: Literal["ingress", "egress"]
    ethertype: Literal["IPv4", "IPv6"] = "IPv4"
    protocol: str | None = None
    port_min: int | None = Field(default=None, ge=0, le=65535)
    port_max: int | None = Field(default=None, ge=0, le=65535)
    remote_cidr: Cidr | None = None
    description: str = ""

    @model_validator(mode="after")
    def _ports_are_a_range(self) -> "SecurityRule":
        if self.port_min is not None and self.port_max is not None and self.port_min > self.port_max:
            raise ValueError(f"port_min {self.port_min} is greater than port_max {self.port_max}")
        return self


def _exosphere_rules() -> tuple[SecurityRule, ...]:
    """Exosphere makes its group match these rules, descriptions included, so we have to write the same."""
    tcp, udp = "tcp", "udp"
    return (
        SecurityRule(direction="ingress", protocol=tcp, port_min=22, port_max=22, description="SSH"),
        SecurityRule(
            direction="ingress",
            ethertype="IPv6",
            protocol=tcp,
            port_min=22,
            port_max=22,
            description="SSH IPv6",
        ),
        SecurityRule(direction="ingress", protocol="icmp", description="Ping"),
        SecurityRule(direction="ingress", ethertype="IPv6", protocol="ipv6-icmp", description="Ping IPv6"),
        SecurityRule(direction="ingress", protocol=udp, port_min=60000, port_max=61000, description="Mosh"),
        SecurityRule(direction="ingress", protocol=tcp, description="Expose all incoming ports"),
        SecurityRule(direction="egress", description="Allow all outgoing IPv4 traffic"),
        SecurityRule(direction="egress", ethertype="IPv6", description="Allow all outgoing IPv6 traffic"),
    )


class SecurityGroupPreset(Strict):
    name: str = "exosphere"
    description: str = "Default security group of the research portals"
    rules: tuple[SecurityRule, ...] = Field(default_factory=_exosphere_rules)


class FlavorGroup(Strict):
    """Flavors whose names match. `disallowed_actions`: the vetoes, in the portal's action names."""

    name: str
    title: str
    description: str = ""
    match: Pattern[str]
    resource: ResourceKind
    disallowed_actions: frozenset[str] = frozenset()


class ImageRule(Strict):
    """An image fits when it fits everything given here; the newest that fits is used."""

    name: str = ""
    name_prefix: str = ""
    visibility: str = ""
    os_distro: str = ""
    os_version: str = ""
    properties: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> "ImageRule":
        if not self.model_fields_set:
            raise ValueError("an image rule has to name something: name, name_prefix, os_distro, ...")
        return self

    def fits(self, image: Image) -> bool:
        return all(
            (
                not self.name or image.name == self.name,
                not self.name_prefix or image.name.startswith(self.name_prefix),
                not self.visibility or image.visibility == self.visibility,
                not self.os_distro or image.os_distro == self.os_distro,
                not self.os_version or image.os_version == self.os_version,
                all(image.properties.get(name) == value for name, value in self.properties.items()),
            )
        )


class TypeVersion(Strict):
    label: str
    image: ImageRule
    primary: bool = False
    restrict_flavors: Pattern[str] | None = None


class InstanceType(Strict):
    name: str
    title: str
    description: str = ""
    logo: str = ""
    primary: bool = False
    versions: tuple[TypeVersion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _labels_differ(self) -> "InstanceType":
        complain_of_twins("the label", (version.label for version in self.versions))
        return self


class Rate(Strict):
    """Service units per vCPU-hour of an ACTIVE machine, from `valid_from` up to the day before `valid_to`."""

    flavor: Pattern[str]
    resource: ResourceKind
    per_vcpu_hour: Number
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _period_is_not_empty(self) -> "Rate":
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ValueError(f"valid_from {self.valid_from} is not before valid_to {self.valid_to}")
        return self

    def overlaps(self, other: "Rate") -> bool:
        """Whether both are for the same flavors on some day: then only the first would ever hold."""
        begins_in_time = other.valid_to is None or (self.valid_from or date.min) < other.valid_to
        ends_late_enough = self.valid_to is None or (other.valid_from or date.min) < self.valid_to
        return self.flavor.pattern == other.flavor.pattern and begins_in_time and ends_late_enough

    def holds(self, flavor_name: str, day: date) -> bool:
        started = self.valid_from is None or self.valid_from <= day
        ended = self.valid_to is not None and self.valid_to <= day
        return started and not ended and self.flavor.match(flavor_name) is not None


class AccountingResource(Strict):
    match: Pattern[str]
    resource: ResourceKind


class Accounting(Strict):
    service_type: str = "accounting"
    resources: tuple[AccountingResource, ...] = ()


class CustomResource(Strict):
    resource_class: str = Field(pattern=r"^CUSTOM_[A-Z0-9_]+$")
    title: str


class QuotaHelp(Strict):
    url: Link = ""
    text: str = ""


class Notice(Strict):
    level: Literal["info", "success", "warning", "danger"] = "info"
    text: str
    url: Link = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Notice":
        starts, ends = _aware(self.starts_at), _aware(self.ends_at)
        if starts and ends and starts >= ends:
            raise ValueError(f"starts_at {self.starts_at} is not before ends_at {self.ends_at}")
        return self

    def shown_at(self, moment: datetime) -> bool:
        starts, ends = _aware(self.starts_at), _aware(self.ends_at)
        return (starts is None or starts <= moment) and (ends is None or moment < ends)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


class Polling(Strict):
    """Seconds between two reads of one project."""

    transition: float = Field(default=3, gt=0)
    watched: float = Field(default=10, gt=0)
    idle: float = Field(default=120, gt=0)
    full: float = Field(default=900, gt=0)
    catalogue: float = Field(default=900, gt=0)
    accounting: float = Field(default=3600, gt=0)


class RegionOverride(Strict):
    """What one region does differently."""

    title: str = ""
    external_network: str | None = None
    security_group: SecurityGroupPreset | None = None


class PortalCloud(Strict):
    title: str
    description: str = ""
    regions: Regions = ()
    region_overrides: dict[str, RegionOverride] = Field(default_factory=dict)
    sign_in: SignIn
    ssh_port: int = Field(default=22, ge=1, le=65535)
    external_network: str = ""
    auto_allocated: bool = True
    security_group: SecurityGroupPreset = SecurityGroupPreset()
    flavor_groups: tuple[FlavorGroup, ...] = ()
    instance_types: tuple[InstanceType, ...] = ()
    image_exclude: ImageRule | None = None
    featured_prefix: str = ""
    rates: tuple[Rate, ...] = ()
    state_fractions: dict[Status, Number] = Field(default_factory=dict)
    accounting: Accounting | None = None
    metering: Metering = Metering()
    custom_resources: tuple[CustomResource, ...] = ()
    quota_help: QuotaHelp = QuotaHelp()
    planning: Planning = Planning()
    expiry: Expiry = Expiry()
    resize_confirm_hours: float = Field(default=0, ge=0)
    soft_delete_hours: float = Field(default=0, ge=0)
    vocabulary: dict[Word, str] = Field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    also_at: tuple[OtherPortal, ...] = ()
    polling: Polling = Polling()
    policies: Policies = Policies()
    workshops: Workshops = Workshops()
    sources: Sources = Sources()

    @model_validator(mode="after")
    def _overrides_name_known_regions(self) -> "PortalCloud":
        unknown = set(self.region_overrides) - set(self.regions)
        if unknown:
            raise ValueError(f"region_overrides names regions that `regions` lacks: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _nothing_is_there_twice(self) -> "PortalCloud":
        complain_of_twins("flavor_groups: the name", (group.name for group in self.flavor_groups))
        complain_of_twins("flavor_groups: the pattern", (group.match.pattern for group in self.flavor_groups))
        complain_of_twins("instance_types: the name", (kind.name for kind in self.instance_types))
        classes = (found.resource_class for found in self.custom_resources)
        complain_of_twins("custom_resources: the class", classes)
        for place, rate in enumerate(self.rates):
            if any(rate.overlaps(earlier) for earlier in self.rates[:place]):
                raise ValueError(
                    f"rates: two rates for {rate.flavor.pattern!r} hold on the same days; end the earlier one "
                    f"with valid_to on the day from which the other holds"
                )
        return self

    def flavor_group(self, flavor_name: str) -> FlavorGroup | None:
        """The first group that matches: order in the file is order of precedence."""
        return next((group for group in self.flavor_groups if group.match.match(flavor_name)), None)

    def rate(self, flavor_name: str, day: date) -> Rate | None:
        return next((rate for rate in self.rates if rate.holds(flavor_name, day)), None)

    def state_fraction(self, status: str) -> Decimal:
        """The part of the rate that a machine costs in this status; a status nobody priced costs in full."""
        return self.state_fractions.get(status, Decimal(1))

    def security_group_for(self, region: str) -> SecurityGroupPreset:
        override = self.region_overrides.get(region)
        return override.security_group if override and override.security_group else self.security_group

    def external_network_for(self, region: str) -> str:
        override = self.region_overrides.get(region)
        given = override.external_network if override else None
        return self.external_network if given is None else given


class Retention(Strict):
    """Days (hours for full-resolution samples) after which history is removed."""

    # Not less than what the ranges of the graphs show.
    samples_full_hours: float = Field(default=1, ge=1)
    samples_minute_days: float = Field(default=1, ge=1)
    samples_rolled_days: float = Field(default=30, ge=7)
    operations_days: float = Field(default=365, gt=0)
    audit_days: float = Field(default=1825, gt=0)
    connections_days: float = Field(default=365, gt=0)


def _usual_roles() -> dict[str, Role]:
    return {"manager": "manager", "member": "member"}


class PortalFile(Strict):
    branding: Branding = Branding()
    oidc: Oidc | None = None
    roles: dict[str, Role] = Field(default_factory=_usual_roles)
    retention: Retention = Retention()
    remote: Remote = Remote()
    oversight: Oversight = Oversight()
    telling: Telling = Telling()
    vocabulary: dict[Word, str] = Field(default_factory=dict)
    clouds: dict[str, PortalCloud] = Field(min_length=1)
