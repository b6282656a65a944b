"""The files with which a person's own tools sign in to a cloud. Pure; whatever stands in a name is quoted."""

import json
import re
import shlex
import unicodedata
from dataclasses import dataclass, field

import yaml

_KIND = "v3applicationcredential"
# What an earlier openrc may have left in the environment: Keystone refuses a credential that asks for a scope.
_CONFLICTING = (
    *("OS_PROJECT_ID", "OS_PROJECT_NAME", "OS_PROJECT_DOMAIN_ID", "OS_PROJECT_DOMAIN_NAME"),
    *("OS_TENANT_ID", "OS_TENANT_NAME", "OS_USERNAME", "OS_USER_ID", "OS_PASSWORD", "OS_TOKEN"),
    *("OS_USER_DOMAIN_ID", "OS_USER_DOMAIN_NAME", "OS_DOMAIN_ID", "OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"),
    *("OS_SYSTEM_SCOPE", "OS_TRUST_ID", "OS_CLOUD", "OS_APPLICATION_CREDENTIAL_NAME"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the files say. `verify` False, or the path of a certificate: as the operator's own clouds.yaml has it."""

    entry: str
    auth_url: str
    region: str
    interface: str
    verify: bool
    id: str
    secret: str = field(repr=False)
    about: str = ""


@dataclass(frozen=True, slots=True)
class ToolFile:
    kind: str
    name: str
    mime: str
    text: str = field(repr=False)
    how: str = ""


def entry_name(cloud: str, project_name: str, region: str) -> str:
    """The name of the entry in clouds.yaml: letters, digits and hyphens, whatever the project is called."""
    plain = (
        unicodedata.normalize("NFKD", f"{cloud}-{project_name}-{region}").encode("ascii", "ignore").decode()
    )
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:100] or "cloud"


def files(access: Access) -> list[ToolFile]:
    return [
        ToolFile(
            "clouds",
            "clouds.yaml",
            "application/yaml",
            clouds_yaml(access),
            "Save it as ~/.config/openstack/clouds.yaml, for you alone to read (chmod 600), or put its entry into "
            f"the one you have. Then: openstack --os-cloud {access.entry} server list",
        ),
        ToolFile(
            "openrc",
            f"{access.entry}-openrc.sh",
            "application/x-sh",
            openrc(access),
            f"Then: source {access.entry}-openrc.sh, and openstack server list",
        ),
        ToolFile(
            "powershell",
            f"{access.entry}-openrc.ps1",
            "text/plain",
            powershell(access),
            f"Then, in PowerShell: . .\\{access.entry}-openrc.ps1",
        ),
        ToolFile(
            "json",
            f"{access.entry}.json",
            "application/json",
            variables_json(access),
            "The same variables for tools that read JSON. Terraform and OpenTofu take clouds.yaml or the openrc.",
        ),
    ]


def clouds_yaml(access: Access) -> str:
    entry: dict[str, object] = {
        "auth_type": _KIND,
        "auth": {
            "auth_url": access.auth_url,
            "application_credential_id": access.id,
            "application_credential_secret": access.secret,
        },
        "region_name": access.region,
        "interface": access.interface,
        "identity_api_version": 3,
    }
    if not access.verify:
        entry["verify"] = False
    text = yaml.safe_dump({"clouds": {access.entry: entry}}, sort_keys=False, width=10_000)
    return f"# {one_line(access.about)}\n{text}" if access.about else text


def openrc(access: Access) -> str:
    lines = [f"# {one_line(access.about)}"] if access.about else []
    lines.append(f"unset {' '.join(_CONFLICTING)}")
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables(access).items()]
    return "\n".join(lines) + "\n"


def powershell(access: Access) -> str:
    lines = [f"# {one_line(access.about)}"] if access.about else []
    lines += [f"Remove-Item Env:{name} -ErrorAction SilentlyContinue" for name in _CONFLICTING]
    lines += [f"$Env:{name} = {_ps_quote(value)}" for name, value in variables(access).items()]
    return "\r\n".join(lines) + "\r\n"


def variables_json(access: Access) -> str:
    return json.dumps(variables(access), indent=2) + "\n"


def variables(access: Access) -> dict[str, str]:
    found = {
        "OS_AUTH_TYPE": _KIND,
        "OS_AUTH_URL": access.auth_url,
        "OS_APPLICATION_CREDENTIAL_ID": access.id,
        "OS_APPLICATION_CREDENTIAL_SECRET": access.secret,
        "OS_REGION_NAME": access.region,
        "OS_INTERFACE": access.interface,
        "OS_IDENTITY_API_VERSION": "3",
    }
    return found if access.verify else {**found, "OS_INSECURE": "true"}


def one_line(text: str) -> str:
    """Text for a comment: no character in it ends the line, in whatever language."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


# PowerShell takes these, too, for an apostrophe.
_APOSTROPHES = re.compile("['\u2018\u2019\u201a\u201b]")


def _ps_quote(value: str) -> str:
    """A literal string of PowerShell: only the apostrophe means something in it, and doubled it is itself."""
    return "'" + _APOSTROPHES.sub(lambda found: found[0] * 2, value) + "'"
