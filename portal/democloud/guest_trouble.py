"""Days that go wrong for one guest, set through the control URL until they are set otherwise."""

from dataclasses import asdict, dataclass, fields

SSH = {
    "": "answers as it should",
    "refuse": "nothing listens: connection refused",
    "timeout": "connections are accepted by the system and nobody ever answers: loopback cannot drop packets",
    "silent": "sshd says its version and then nothing",
    "hangup": "connections close `hangup_after` seconds after they were made, those that are open at once",
    "half-open": "open connections stop reading and writing without closing; new ones too, once signed in",
    "no-prompt": "signing in works, the shell never prints and ignores what is typed; SFTP works",
    "changed-host-key": "sshd shows other keys than the console printed",
    "no-cert": "sshd trusts no certificate authority: only keys, and Exosphere's passphrase where there is one",
    "no-sftp": "sshd has no SFTP subsystem",
    "no-forwarding": "sshd refuses to forward to any port or socket",
}
VNC = {
    "": "answers as it should",
    "silent": "the screen accepts and says nothing",
    "garbage": "after the handshake come random bytes",
    "gigantic": "the screen announces 65,535 by 65,535 pixels and a rectangle of that size",
    "cut-text": "clipboard text without end",
    "hangup": "the screen closes after the first frame",
}
OTHERS = (
    "`latency_ms`: before each piece that sshd sends",
    "`hangup_after`: seconds, for `hangup`",
    "`disk_full`: nothing more fits on the disk; what is there can be read and removed",
)


@dataclass
class Trouble:
    ssh: str = ""
    vnc: str = ""
    latency_ms: float = 0.0  # before each piece that sshd sends
    hangup_after: float = 2.0
    disk_full: bool = False

    def change(self, given: dict[str, object]) -> str:
        """Takes what is named and leaves the rest; says what cannot be."""
        known = {one.name: type(one.default) for one in fields(self)}
        for name, value in given.items():
            kind = known.get(name)
            right = isinstance(value, (int, float)) if kind is float else isinstance(value, kind or ())
            if not right or (name == "ssh" and value not in SSH) or (name == "vnc" and value not in VNC):
                return f"{name} = {value!r}: there is ssh {sorted(SSH)}, vnc {sorted(VNC)}, latency_ms, hangup_after, disk_full."
        for name, value in given.items():
            setattr(self, name, value)
        return ""

    def shown(self) -> dict[str, object]:
        return asdict(self)
