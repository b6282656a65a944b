"""What a machine is besides, when it is a seat of a workshop: kept with its launch. Pure.

Layers above say what a seat is (`instances.workshops.guests`); steps and user-data only carry it out.
"""

import ipaddress
import re
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

# Accounts that systems, images and the portal itself have: a learner is none of them.
_TAKEN = """
root exouser heliosphere heliojump admin administrator adm sudo wheel daemon bin sys sync games man lp mail news uucp proxy
backup list irc nobody nogroup systemd messagebus polkitd sshd syslog uuidd tcpdump landscape lxd docker fwupd-refresh
usbmux dnsmasq chrony ntp rpc dbus tss halt shutdown operator ftp postgres mysql redis www-data nginx apache debian ubuntu
rocky almalinux centos fedora cloud-user ec2-user cirros disk cdrom shadow staff users tty dialout video render kvm input
plugdev netdev ssh
"""
TAKEN_LOGINS = frozenset(_TAKEN.split())
_LOGIN = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,99}")
_FOLDER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
_PATH = re.compile(r"/[A-Za-z0-9._/@+=-]{0,254}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253})")


def checked_login(name: str) -> str:
    if not _LOGIN.fullmatch(name):
        raise ValueError("A login is up to 31 small letters, digits, - and _, and begins with a letter.")
    if name in TAKEN_LOGINS or name.startswith(("systemd-", "_")):
        raise ValueError(f"{name} is an account that machines have already: choose another login.")
    return name


def checked_repository(url: str) -> str:
    """Of a public repository, over HTTPS alone: no other scheme, no name and password in it."""
    if not url:
        return ""
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'`$\\<>|;&(){}*!")
    if not plain or parts.scheme != "https" or parts.query or parts.fragment or len(url) > 500:
        raise ValueError("The address of a repository is https://… without spaces, questions or marks.")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "The address of a repository must not hold a name or a password: learners would see it."
        )
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or len(parts.path.strip("/")) == 0:
        raise ValueError("The address of a repository names a host and a path on it.")
    return url


def checked_ref(ref: str) -> str:
    if ref and (not _REF.fullmatch(ref) or ".." in ref or ref.endswith((".lock", "/", "."))):
        raise ValueError("A branch or tag is letters, digits, and . _ / + -.")
    return ref


def checked_path(path: str) -> str:
    if not _PATH.fullmatch(path) or "/../" in f"{path}/":
        raise ValueError("The path of a share begins with / and holds letters, digits and . _ - @ + = only.")
    return path


def checked_hosts(hosts: str) -> str:
    """One host, or several with commas between them, each with or without a port."""
    for one in hosts.split(","):
        name, _, port = one.rpartition(":") if one.count(":") == 1 else (one, "", "")
        if port and not port.isdigit():
            raise ValueError(f"“{one[:60]}” is not a host.")
        if not (_HOST.fullmatch(name) or _is_address(one.strip("[]"))):
            raise ValueError(f"“{one[:60]}” is not a host.")
    return hosts


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Folder = Annotated[str, StringConstraints(pattern=_FOLDER)]


class VolumeData(_Part):
    """A volume of the project, at /data/<folder>, for reading only.

    `shared`: all seats attach the volume itself (it is multiattach); else each seat has a copy of its own, which goes
    with the machine.
    """

    kind: Literal["volume"] = "volume"
    folder: Folder
    volume_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    name: str = Field(default="", max_length=255)
    size_gb: int = Field(ge=1, le=65536)
    shared: bool = False


class ShareData(_Part):
    """A share that is mounted over the network at /data/<folder>, for reading only."""

    kind: Literal["share"] = "share"
    folder: Folder
    protocol: Literal["nfs", "cephfs"]
    hosts: Annotated[str, StringConstraints(max_length=500), AfterValidator(checked_hosts)]
    path: Annotated[str, AfterValidator(checked_path)]
    # CephFS only: whose key it is, and the key, sealed.
    user: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    sealed_key: str = Field(default="", max_length=2000)


SeatData = Annotated[VolumeData | ShareData, Field(discriminator="kind")]


class SeatSpec(_Part):
    """One machine of a workshop: the same for all its seats, since machines move between them."""

    workshop: UUID
    # For people who look at the cloud's own pages: what this machine and its firewall group are for.
    title: str = Field(default="", max_length=120)
    login: Annotated[str, AfterValidator(checked_login)]
    sudo: bool = False
    repository_url: Annotated[str, AfterValidator(checked_repository)] = ""
    repository_ref: Annotated[str, AfterValidator(checked_ref)] = ""
    start_port: int | None = Field(default=None, ge=1, le=65535)
    start_path: str = Field(default="", max_length=255, pattern=r"^[\x21-\x7e]*$")
    data: tuple[SeatData, ...] = ()
