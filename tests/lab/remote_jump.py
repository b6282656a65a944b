"""A jump host that the portal makes, the machine behind it, and a firewall that lets nobody in."""

import subprocess
from collections.abc import Iterator
from typing import Any

import openstack

from instances.principals import principal
from tests.lab.guest_checks import Check
from tests.lab.guest_portal import new_key
from tests.lab.guest_ssh import Guest
from tests.lab.remote_parts import Lab, Machine, say

READY_MS = 900_000
CLOSED = "closed-for-a-test"
CAROL: dict[str, Any] = {
    "auth_url": "http://127.0.0.1:5000/v3",
    "username": "carol",
    "password": "labpass",
    "project_name": "TRA220028",
    "user_domain_name": "Default",
    "project_domain_name": "Default",
    "region_name": "IU",
}


def jump_host(lab: Lab) -> Iterator[Check]:
    lab.until_ready(lab.hidden)
    yield from _without(lab)
    page = lab.page()
    page.goto(f"{lab.portal.url}/instances/{lab.hidden.id}/")
    page.get_by_role("link", name="Use a jump host").click()
    page.get_by_role("button", name="Make the jump host").click()
    lab.made.append(page.locator("#jump-title a").get_attribute("href").rstrip("/").rsplit("/", 1)[1])  # type: ignore[union-attr]
    page.locator("#jump .tag-ok").wait_for(timeout=READY_MS)
    yield Check("a jump host is made by one click, and says when it is ready", True)
    lab.shot("jump-host")
    page.close()
    one = lab.shell(lab.hidden)
    say(f"  click to prompt through it: {one.open(240):.1f} s")
    found = one.run("hostname; echo ${SSH_CONNECTION%% *}")
    yield Check("the shell is the hidden machine's", "hidden" in found, found)
    yield Check("which sees the jump host's private address", "10." in found, found)
    one.type("exit")
    one.page.close()
    yield from _hardened(lab, Machine(lab.made[-1], lab.public_address(lab.made[-1])))


def _without(lab: Lab) -> Iterator[Check]:
    two = lab.shell(lab.hidden)
    two.page.goto(f"{lab.portal.url}/instances/{lab.hidden.id}/shell/")
    two.until(lambda: "jump host" in two.shown, "the offer")
    both = "Give it a public address" in two.shown and "Use a jump host" in two.shown
    yield Check("without one the shell's page offers both ways", both, two.shown[:300])
    two.page.close()


def _hardened(lab: Lab, jump: Machine) -> Iterator[Check]:
    """By OpenSSH's own client, with certificates as the portal signs them."""
    guest = Guest(jump.address, new_key(lab.portal.folder / f"jump-{jump.id[:8]}"), lab.portal.folder)
    one = lab.shell(jump)
    one.open(240)
    keys = one.run("cat /etc/ssh/ssh_host_*_key.pub").splitlines()
    guest.trust(tuple(" ".join(key.split()[:2]) for key in keys if key.startswith(("ssh-", "ecdsa-"))))
    listening = one.run("sudo ss -Hltn | awk '{print $4}' | grep -v '^127\\|^\\[::1' | sort -u")
    only_ssh = all(line.rstrip().endswith(":22") for line in listening.splitlines() if ":" in line)
    yield Check("nothing but SSH listens on it", only_ssh, listening)
    shadow = one.run("sudo getent shadow heliojump | cut -d: -f2; getent passwd heliojump | cut -d: -f7")
    yield Check("its login has no password and no shell", "*" in shadow and "nologin" in shadow, shadow)
    one.type("exit")
    one.page.close()
    key = guest.certificate(lab.portal.authority, principal(jump.id, "heliojump"))
    done = guest.run("id", key=key, user="heliojump")
    yield Check("it runs no command", done.code != 0 and "uid" not in done.text, done.text + done.error)
    private = str(lab.read(lab.hidden.id)["private_address"])
    for name, port, allowed in (("port 22 behind it", 22, True), ("another port", 80, False)):
        tunnel = guest.command(key=key, user="heliojump")
        tunnel[-1:-1] = ["-W", f"{private}:{port}"]
        found = _banner(tunnel)
        yield Check(
            f"{name} is {'passed on' if allowed else 'refused'}", found.startswith("SSH-") is allowed, found
        )


def _banner(command: list[str]) -> str:
    """What the other end says first, or ssh's own words."""
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    return (done.stdout or done.stderr).strip()


def firewall(lab: Lab) -> Iterator[Check]:
    """The machine's groups are taken away with another tool: nothing answers, the page says why, one click mends it."""
    cloud = openstack.connect(load_yaml_config=False, load_envvars=False, **CAROL)
    server = cloud.compute.get_server(lab.read(lab.machine.id)["server_id"])
    before = [str(name) for name in lab.read(lab.machine.id)["security_groups"]]
    for left in cloud.network.security_groups(name=CLOSED):  # by a run that was cut short
        cloud.network.delete_security_group(left)
    closed = cloud.network.create_security_group(name=CLOSED)
    try:
        cloud.compute.add_security_group_to_server(server, closed)
        for name in before:
            cloud.compute.remove_security_group_from_server(server, _found(cloud, name))
        yield from _explained(lab)
    finally:
        there = {group.name for group in cloud.network.security_groups(device_id=server.id)} & set(before)
        for name in set(before) - there & set(_groups(lab)):
            cloud.compute.add_security_group_to_server(server, _found(cloud, name))
        cloud.compute.remove_security_group_from_server(server, closed)
        cloud.network.delete_security_group(closed)


def _found(cloud: Any, name: str) -> Any:
    return cloud.network.find_security_group(name, ignore_missing=False)


def _explained(lab: Lab) -> Iterator[Check]:
    # The mirror reads machines each few seconds while somebody looks, and the cloud's groups each few minutes.
    watching = lab.page()
    watching.goto(f"{lab.portal.url}/instances/{lab.machine.id}/")
    lab.until(lambda: _groups(lab) == [CLOSED], "the mirror knows the groups", 400)
    one = lab.shell(lab.machine)
    one.page.goto(f"{lab.portal.url}/instances/{lab.machine.id}/shell/")
    took = one.until(lambda: CLOSED in one.shown, "the explanation", 400)
    say(f"  until the firewall was named: {took:.0f} s")
    lab.shot("firewall")
    yield Check("a firewall that keeps the portal out is named", CLOSED in one.shown, one.shown[:300])
    one.page.get_by_role("button", name="Let the portal in").click()
    took = one.until(one.at_prompt, "a prompt after the repair", 240)
    say(f"  repair clicked to prompt: {took:.0f} s")
    found = _groups(lab)
    yield Check("one click lets it in, in a group of its own", "heliosphere-ssh" in found, str(found))
    one.page.close()
    watching.close()


def _groups(lab: Lab) -> list[str]:
    return [str(name) for name in lab.read(lab.machine.id)["security_groups"]]
