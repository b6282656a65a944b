"""jump.sh run by a real shell, and what a real sshd then lets the jump host's login do: forward to port 22, and nothing else."""

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import asyncssh
import pytest

from portal.demo.state import free_port

SCRIPT = Path("instances/guest/jump.sh")
ID = "0192aaaa-0000-7000-8000-000000000001"
# A stand-in for the account: only root may make one, and whoever is not root may only log in as themselves.
LOGIN = getpass.getuser()
FAKES = ("getent", "useradd", "usermod", "userdel", "systemctl", "pkill", "restorecon", "apt-get")
FORBIDDEN, NOBODY_LISTENS = asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, asyncssh.OPEN_CONNECT_FAILED


def sshd() -> str:
    found = shutil.which("sshd") or "/usr/sbin/sshd"
    if not Path(found).exists():
        if os.environ.get("CI"):
            pytest.fail("no sshd: apt-get install openssh-server")
        pytest.skip("no sshd: apt-get install openssh-server")
    return found


class Jump:
    """A directory that stands for the machine's /etc/ssh, an sshd of its own on loopback, and the portal's authority."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.authority = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.own_key = asyncssh.generate_private_key("ssh-ed25519")
        for name in ("bin", "etc/ssh/sshd_config.d", "etc/ssh/heliosphere_principals", "etc/apt/apt.conf.d"):
            (root / name).mkdir(parents=True)
        self.write("heliosphere_ca.pub", self.authority.export_public_key().decode())
        self.host_key.write_private_key(root / "host_key")
        (root / "host_key").chmod(0o600)
        self.write("authorized_keys", self.own_key.export_public_key().decode())
        self.config = self.write("sshd_config", self.plain_config())
        # What every machine of ours has, and a distribution's own file that would allow more.
        self.write(
            "sshd_config.d/10-heliosphere.conf",
            f"TrustedUserCAKeys {root}/etc/ssh/heliosphere_ca.pub\n"
            f"AuthorizedPrincipalsFile {root}/etc/ssh/heliosphere_principals/%u\n",
        )
        self.write("sshd_config.d/50-cloud.conf", f"Match User {LOGIN}\n  MaxSessions 10\n  PermitOpen any\n")
        for name in FAKES:
            self.fake(name, "exit 0")
        self.fake("sshd", f'exec {sshd()} -f {self.config} "$@"')
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, name: str, text: str) -> Path:
        path = self.root / "etc/ssh" / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def plain_config(self) -> str:
        return (
            f"Include {self.root}/etc/ssh/sshd_config.d/*.conf\nPort {self.port}\nListenAddress 127.0.0.1\n"
            f"HostKey {self.root}/host_key\nPidFile none\nStrictModes no\nUsePAM no\nLogLevel DEBUG\n"
            f"PasswordAuthentication no\nAuthorizedKeysFile {self.root}/etc/ssh/authorized_keys\n"
            "Subsystem sftp internal-sftp\n"
        )

    def fake(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/calls\n{body}\n')
        path.chmod(0o755)

    def run(self, verb: str, shell: str = "dash") -> tuple[int, str]:
        """Its exit code and what it said last."""
        text = SCRIPT.read_text(encoding="utf-8").replace("@principal@", f"{ID}:{LOGIN}")
        for real, here in {
            "PATH=/usr/sbin": f"PATH={self.root}/bin:/usr/sbin",
            "LOGIN=heliojump": f"LOGIN={LOGIN}",
            "/etc/": f"{self.root}/etc/",
            "/run/sshd": f"{self.root}/run/sshd",
            # The pattern that looks for the Include line quotes its dots.
            "/etc/ssh/sshd_config\\.d/": f"{self.root}/etc/ssh/sshd_config\\.d/",
        }.items():
            text = text.replace(real, here) if here not in text else text
        (self.root / "jump.sh").write_text(text)
        done = subprocess.run(
            [shutil.which(shell) or shell, str(self.root / "jump.sh"), verb],
            check=False,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.strip().rpartition("\n")[2]

    @property
    def calls(self) -> str:
        found = self.root / "calls"
        return found.read_text() if found.exists() else ""

    @property
    def drop_in(self) -> Path:
        return self.root / "etc/ssh/sshd_config.d/05-heliosphere-jump.conf"

    def serve(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)
        with (self.root / "log").open("wb") as log:
            self.process = subprocess.Popen([sshd(), "-D", "-e", "-f", str(self.config)], stderr=log)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.root / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    async def connect(
        self, principal: str = f"{ID}:{LOGIN}", *, own_key: bool = False
    ) -> asyncssh.SSHClientConnection:
        key = self.own_key if own_key else asyncssh.generate_private_key("ssh-ed25519")
        certificate = self.authority.generate_user_certificate(key, "heliosphere:ada", principals=[principal])
        return await asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=LOGIN,
            config=None,
            agent_path=None,
            client_keys=[key] if own_key else [(key, certificate)],
            known_hosts=([self.host_key.convert_to_public()], [], []),
        )


@pytest.fixture
def jump(tmp_path: Path) -> Iterator[Jump]:
    made = Jump(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def served(jump: Jump) -> Jump:
    assert jump.run("install") == (0, f"{LOGIN}: installed")
    jump.serve()
    return jump


def through(jump: Jump, ask: Callable[[asyncssh.SSHClientConnection], Awaitable[object]]) -> object:
    async def run() -> object:
        connection = await jump.connect()
        try:
            return await asyncio.wait_for(ask(connection), 10)
        finally:
            connection.close()

    return asyncio.run(run())


def refusal(jump: Jump, ask: Callable[[asyncssh.SSHClientConnection], Awaitable[object]]) -> int:
    """The code with which sshd refused to open the channel."""
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        through(jump, ask)
    return refused.value.code


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_installing_makes_a_login_without_a_shell_a_password_or_a_group(jump: Jump, shell: str) -> None:
    assert jump.run("install", shell) == (0, f"{LOGIN}: installed")
    assert f"usermod -p * -s /usr/sbin/nologin -G  {LOGIN}" in jump.calls
    assert (jump.root / f"etc/ssh/heliosphere_principals/{LOGIN}").read_text() == f"{ID}:{LOGIN}\n"
    assert "systemctl reload ssh.service" in jump.calls


def test_installing_again_changes_nothing(jump: Jump) -> None:
    jump.run("install")
    before = jump.drop_in.read_text()
    assert jump.run("install") == (0, f"{LOGIN}: installed")
    assert jump.drop_in.read_text() == before


def test_a_connection_to_port_22_of_another_machine_goes_through(served: Jump) -> None:
    async def ask(connection: asyncssh.SSHClientConnection) -> bytes:
        reader, writer = await connection.open_connection("127.0.0.9", 22, encoding=None)
        banner: bytes = await reader.read(64)
        writer.close()
        return banner

    with socket.socket() as machine:
        machine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            machine.bind(("127.0.0.9", 22))
        except PermissionError:
            # Not root: that nobody listens is said only where one may go.
            assert refusal(served, ask) == NOBODY_LISTENS
            return
        machine.listen()
        machine.setblocking(False)

        async def greet() -> None:
            accepted, _ = await asyncio.get_running_loop().sock_accept(machine)
            accepted.sendall(b"SSH-2.0-neighbour\r\n")
            accepted.close()

        async def both(connection: asyncssh.SSHClientConnection) -> object:
            greeting = asyncio.ensure_future(greet())
            found = await ask(connection)
            await greeting
            return found

        assert through(served, both) == b"SSH-2.0-neighbour\r\n"


@pytest.mark.parametrize("port", [80, 23, 2222, 443])
def test_every_other_port_is_refused_before_it_is_tried(served: Jump, port: int) -> None:
    assert refusal(served, lambda link: link.open_connection("127.0.0.9", port)) == FORBIDDEN


ASKED: dict[str, Callable[[asyncssh.SSHClientConnection], Awaitable[object]]] = {
    "a command": lambda link: link.create_process("id"),
    "a shell": lambda link: link.create_process(term_type="xterm"),
    "files": lambda link: link.start_sftp_client(),
    "a socket": lambda link: link.open_unix_connection("/run/some.sock"),
    "a tunnel": lambda link: link.open_tun(),
}


@pytest.mark.parametrize("what", ASKED)
def test_all_else_is_refused(served: Jump, what: str) -> None:
    assert refusal(served, ASKED[what]) in (FORBIDDEN, NOBODY_LISTENS)


def test_listening_on_the_machine_is_refused(served: Jump) -> None:
    async def listen(connection: asyncssh.SSHClientConnection) -> object:
        return await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 22)

    with pytest.raises(asyncssh.ChannelListenError):
        through(served, listen)


def test_a_key_of_the_account_itself_opens_nothing(served: Jump) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(served.connect(own_key=True))


@pytest.mark.parametrize("principal", [ID, LOGIN, f"{ID}:exouser", f"{ID[:-1]}2:{LOGIN}"])
def test_a_certificate_for_another_login_or_machine_opens_nothing(served: Jump, principal: str) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(served.connect(principal))


def test_without_the_rules_the_same_certificate_may_do_more(jump: Jump) -> None:
    """What the refusals above are worth: it is the rules that refuse."""
    jump.run("install")
    jump.drop_in.unlink()
    jump.serve()

    async def ask(connection: asyncssh.SSHClientConnection) -> object:
        for what in ("a command", "a shell", "files"):
            await ASKED[what](connection)
        listener = await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 22)
        listener.close()
        return (await connection.run("echo in")).stdout

    assert through(jump, ask) == "in\n"
    assert refusal(jump, lambda link: link.open_connection("127.0.0.9", 80)) == NOBODY_LISTENS


def open_at_once(jump: Jump, count: int) -> int:
    """How many of so many connections that have not logged in yet sshd speaks to."""
    waiting = [socket.create_connection(("127.0.0.1", jump.port), timeout=10) for _ in range(count)]
    try:
        return sum(_greeted(one) for one in waiting)
    finally:
        for one in waiting:
            one.close()


def _greeted(one: socket.socket) -> bool:
    try:
        return one.recv(4) == b"SSH-"
    except OSError:
        return False


def test_a_class_that_comes_at_once_is_let_in(served: Jump) -> None:
    assert open_at_once(served, 60) == 60


def test_an_ordinary_sshd_turns_such_a_class_away(jump: Jump) -> None:
    """What the test above is worth."""
    jump.serve()
    assert open_at_once(jump, 60) < 60


def test_a_hundred_learners_log_in_within_a_few_seconds(served: Jump) -> None:
    async def all_of_them() -> int:
        found = await asyncio.gather(*(served.connect() for _ in range(100)), return_exceptions=True)
        made = [one for one in found if isinstance(one, asyncssh.SSHClientConnection)]
        for one in made:
            one.abort()
        return len(made)

    assert asyncio.run(all_of_them()) == 100


def test_removing_takes_the_rules_the_principals_and_the_account(jump: Jump) -> None:
    jump.run("install")
    assert jump.run("remove") == (0, f"{LOGIN}: removed")
    assert not jump.drop_in.exists()
    assert not (jump.root / f"etc/ssh/heliosphere_principals/{LOGIN}").exists()
    assert f"userdel {LOGIN}" in jump.calls
    assert jump.run("remove") == (0, f"{LOGIN}: removed")


def test_a_machine_that_takes_no_certificates_is_left_alone(jump: Jump) -> None:
    (jump.root / "etc/ssh/heliosphere_ca.pub").unlink()
    code, said = jump.run("install")
    assert (code, said) == (1, f"{LOGIN}: not installed: this machine takes no certificates of the portal")
    assert not jump.drop_in.exists() and "useradd" not in jump.calls


def test_an_sshd_that_reads_no_files_beside_its_main_one_is_left_alone(jump: Jump) -> None:
    jump.write("sshd_config", jump.plain_config().split("\n", 1)[1])
    code, said = jump.run("install")
    assert code == 1 and "older than OpenSSH 8.2" in said
    assert not jump.drop_in.exists()


def test_rules_that_another_file_undoes_are_taken_back(jump: Jump) -> None:
    jump.write("sshd_config.d/01-admin.conf", f"Match User {LOGIN}\n  MaxSessions 7\n")
    assert jump.run("install") == (1, f"{LOGIN}: not installed: sshd does not take the rules")
    assert not jump.drop_in.exists()


def test_a_configuration_that_sshd_refuses_is_taken_back(jump: Jump) -> None:
    jump.write("sshd_config.d/60-broken.conf", "NoSuchOption yes\n")
    code, _ = jump.run("install")
    assert code == 1 and not jump.drop_in.exists()
    assert "systemctl reload" not in jump.calls


def test_an_account_that_cannot_be_made_is_told(jump: Jump) -> None:
    jump.fake("usermod", "exit 6")
    assert jump.run("install") == (1, f"{LOGIN}: not installed: the account could not be made")
    assert not jump.drop_in.exists()


def test_security_updates_are_switched_on_and_fetched_only_where_they_are_missing(jump: Jump) -> None:
    jump.fake("unattended-upgrade", "exit 0")
    assert jump.run("alone")[0] == 0
    text = (jump.root / "etc/apt/apt.conf.d/52heliosphere").read_text()
    assert 'APT::Periodic::Unattended-Upgrade "1";' in text
    assert "apt-get" not in jump.calls
    (jump.root / "bin/unattended-upgrade").unlink()
    if shutil.which("unattended-upgrade") is None:
        jump.run("alone")
        assert "install --no-install-recommends unattended-upgrades" in jump.calls


def test_a_machine_that_is_nothing_else_answers_nobody_but_by_ssh(jump: Jump) -> None:
    (jump.root / "etc/systemd").mkdir()
    jump.fake("unattended-upgrade", "exit 0")
    assert jump.run("alone")[0] == 0
    text = (jump.root / "etc/systemd/resolved.conf.d/52-heliosphere.conf").read_text()
    assert text == "[Resolve]\nLLMNR=no\nMulticastDNS=no\n"
    assert "systemctl restart systemd-resolved" in jump.calls


def test_one_that_does_other_work_too_keeps_its_resolver_as_it_is(jump: Jump) -> None:
    (jump.root / "etc/systemd").mkdir()
    jump.run("install")
    assert not (jump.root / "etc/systemd/resolved.conf.d").exists()
    assert "systemd-resolved" not in jump.calls
