"""Reading clouds.yaml (the standard file of OpenStack clients) and portal.yaml (ours), strictly and once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from portal.cloud.schema import Branding, Oidc, PortalCloud, PortalFile, Retention, Word
from portal.cloud.schema_oversight import Oversight
from portal.cloud.schema_remote import Remote
from portal.cloud.schema_telling import Telling
from portal.cloud.schema_types import KeystoneAddress, complain_of_twins

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_SECRETS = {"password", "application_credential_secret", "token", "access_token", "client_secret"}
_Model = TypeVar("_Model", bound=BaseModel)


class ConfigError(ImproperlyConfigured):
    """A configuration file cannot be used; the text names the file, the key and what to do."""


class _Auth(BaseModel):
    # clouds.yaml belongs to OpenStack's clients: keys that the portal does not use are none of its business.
    model_config = ConfigDict(extra="ignore", frozen=True)
    auth_url: Annotated[KeystoneAddress, Field(min_length=1)]


class _NamedRegion(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str


class _CloudsYamlEntry(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    auth: _Auth
    region_name: str = ""
    regions: tuple[str | _NamedRegion, ...] = ()
    interface: Literal["public", "internal", "admin"] = "public"
    verify: bool = True
    cacert: str = ""

    @model_validator(mode="after")
    def _regions_differ(self) -> "_CloudsYamlEntry":
        complain_of_twins("region", self.region_names())
        return self

    def region_names(self) -> tuple[str, ...]:
        named = tuple(entry if isinstance(entry, str) else entry.name for entry in self.regions)
        return named or ((self.region_name,) if self.region_name else ())


@dataclass(frozen=True, slots=True)
class CloudConfig:
    """One cloud: where it is (clouds.yaml) and what the portal knows about it (portal.yaml)."""

    name: str
    auth_url: str
    interface: str
    verify: bool | str
    regions: tuple[str, ...]
    portal: PortalCloud
    # Names of keys under `auth` that hold secrets: nothing here acts as anybody but the person who asks.
    unused_secrets: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.portal.title

    @property
    def federation_auth_url(self) -> str:
        return self.portal.sign_in.federation_auth_url or self.auth_url

    def region_title(self, region: str) -> str:
        override = self.portal.region_overrides.get(region)
        return override.title if override and override.title else region


@dataclass(frozen=True, slots=True)
class CloudsConfig:
    branding: Branding
    oidc: Oidc | None
    roles: Mapping[str, str]
    retention: Retention
    remote: Remote
    oversight: Oversight
    telling: Telling
    vocabulary: Mapping[Word, str]
    clouds: Mapping[str, CloudConfig]

    def cloud(self, name: str) -> CloudConfig:
        try:
            return self.clouds[name]
        except KeyError:
            known = ", ".join(sorted(self.clouds))
            raise ConfigError(f"No cloud is called {name!r}; portal.yaml has: {known}.") from None

    def words(self, cloud_name: str | None = None) -> dict[str, str]:
        """The operator's vocabulary, a cloud's own words before the portal's."""
        own = self.cloud(cloud_name).portal.vocabulary if cloud_name else {}
        return {str(name): text for name, text in {**self.vocabulary, **own}.items()}


@cache
def clouds() -> CloudsConfig:
    """The configuration of this process. Tests that change the settings call `clouds.cache_clear()`."""
    return load()


def load(portal_yaml: Path | None = None, clouds_yaml: Path | None = None) -> CloudsConfig:
    """Read both files; without arguments those that the settings PORTAL_CONFIG and CLOUDS_YAML name."""
    portal_path = portal_yaml or Path(settings.PORTAL_CONFIG)
    clouds_path = clouds_yaml or Path(settings.CLOUDS_YAML)
    portal = _parse(PortalFile, _read(portal_path), portal_path)
    entries = _read(clouds_path).get("clouds")
    if not isinstance(entries, dict):
        raise ConfigError(f"{clouds_path}: the key `clouds` is missing. See clouds.yaml of openstacksdk.")
    joined = {name: _join(name, portal.clouds[name], entries, clouds_path) for name in portal.clouds}
    return CloudsConfig(
        branding=portal.branding,
        oidc=portal.oidc,
        roles=portal.roles,
        retention=portal.retention,
        remote=portal.remote,
        oversight=portal.oversight,
        telling=portal.telling,
        vocabulary=portal.vocabulary,
        clouds=joined,
    )


def _join(name: str, portal: PortalCloud, entries: dict[str, Any], path: Path) -> CloudConfig:
    if name not in entries:
        raise ConfigError(
            f"{path}: portal.yaml describes the cloud {name!r}, and `clouds` has no such entry. Add it, "
            f"with at least auth.auth_url."
        )
    entry = _parse(_CloudsYamlEntry, entries[name], path, prefix=f"clouds.{name}")
    regions = portal.regions or entry.region_names()
    if not regions:
        raise ConfigError(
            f"{path}: clouds.{name} names no region. Add region_name, or regions in portal.yaml."
        )
    return CloudConfig(
        name=name,
        auth_url=entry.auth.auth_url.rstrip("/"),
        interface=entry.interface,
        verify=(entry.cacert or True) if entry.verify else False,
        regions=regions,
        portal=portal,
        unused_secrets=tuple(sorted(_SECRETS & set(entries[name]["auth"]))),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Create it or correct its path."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text. Save it as UTF-8.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise ConfigError(f"{path}: line {line} is not YAML ({error.problem}). Correct it there.") from None
    except yaml.YAMLError:
        raise ConfigError(f"{path}: is not YAML (a character that YAML forbids). Remove it.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: should be a mapping of keys to values.")
    substituted: dict[str, Any] = _substitute(content, path, "")
    return substituted


def _substitute(value: Any, path: Path, key: str) -> Any:
    """Replace ${NAME} and ${NAME:-default}, after parsing: what a variable holds can never become YAML."""
    if isinstance(value, dict):
        return {name: _substitute(item, path, f"{key}.{name}".lstrip(".")) for name, item in value.items()}
    if isinstance(value, list):
        return [_substitute(item, path, f"{key}.{index}") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replacement(found: re.Match[str]) -> str:
        given = os.environ.get(found["name"], found["default"])
        if given is None:
            raise ConfigError(f"{path}: {key} needs the environment variable {found['name']}. Set it.")
        return given

    return _VARIABLE.sub(replacement, value)


def _parse(model: type[_Model], content: Any, path: Path, prefix: str = "") -> _Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # Never the input: a value may be a secret that someone put under the wrong key.
        wrong = [_sentence(prefix, found["loc"], found["type"], found["msg"]) for found in error.errors()]
        raise ConfigError(f"{path}: " + " ".join(wrong)) from None


def _sentence(prefix: str, location: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join([prefix, *map(str, location)] if prefix else map(str, location)) or "the file"
    if kind == "extra_forbidden":
        return f"{key} is not a known key: correct its spelling or remove it."
    if kind == "missing":
        return f"{key} is missing: add it."
    said = message.removeprefix("Value error, ")
    return f"{key}: {said}. Correct its value."
