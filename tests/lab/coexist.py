"""Is a machine that the portal made one of Exosphere's? Asked of a real OpenStack, as whoever the OS_* variables say.

    . /var/lib/oslab/openrc bob BIO220047
    python -m tests.lab.coexist <server id or name> [--settled] [--creator NAME]

Reads what Exosphere reads (the server at 2.27, its console log, the default group, images, volumes, addresses) by
curl's way, not by the portal's code, and tells what its decoders cannot take and what would mislead its users.
`--settled`: the set-up has ended. `--creator NAME`: whose machine Exosphere has to show it as.
Ends with 0 when there is nothing to tell.
"""

import argparse
import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.instances import exosphere_reader as exosphere

# As Exosphere sends it: Nova alone is told a version.
VERSION = {"compute": {"X-OpenStack-Nova-API-Version": "2.27"}}


def openstack(*words: str) -> Any:
    """Debian's own client, so that nothing of ours stands between."""
    done = subprocess.run(["openstack", *words, "-f", "json"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"openstack {' '.join(words)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Api:
    """Raw HTTP with a token, as a browser does it."""

    token: str
    endpoints: dict[str, str]

    @classmethod
    def of_environment(cls) -> "Api":
        token = openstack("token", "issue")["id"]
        endpoints = {
            entry["Type"]: endpoint["url"]
            for entry in openstack("catalog", "list")
            for endpoint in entry["Endpoints"]
            if endpoint["interface"] == "public"
        }
        return cls(token, endpoints)

    def get(self, service: str, path: str) -> Any:
        return self._send(service, path, None)

    def post(self, service: str, path: str, body: Any) -> Any:
        return self._send(service, path, json.dumps(body).encode())

    def _send(self, service: str, path: str, body: bytes | None) -> Any:
        headers = {"X-Auth-Token": self.token, "Content-Type": "application/json"}
        headers |= VERSION.get(service, {})
        url = self.endpoints[service].rstrip("/") + path
        request = urllib.request.Request(url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def look(api: Api, wanted: str, *, settled: bool, creator: str) -> list[str]:
    """What is wrong, in sentences."""
    servers = api.get("compute", "/servers/detail")["servers"]
    document = next((one for one in servers if wanted in (one["id"], one["name"])), None)
    if document is None:
        return [f"there is no server {wanted}"]
    found = [*_every_list(api, servers)]
    try:
        seen = exosphere.server(document)
    except (exosphere.Breaks, KeyError, ValueError) as error:
        return [*found, f"Exosphere cannot decode the server: {error!r}"]
    say(f"{seen}")
    found += exosphere.hazards(seen, settled=settled)
    if creator and seen.creator != creator:
        found.append(f"shown as {seen.creator}'s, not {creator}'s")
    return found + _console(api, document["id"], seen, settled=settled)


def _console(api: Api, server_id: str, seen: exosphere.Seen, *, settled: bool) -> list[str]:
    text = api.post("compute", f"/servers/{server_id}/action", {"os-getConsoleOutput": {}})["output"]
    status, series = exosphere.status_line(text), exosphere.usage(text)
    say(f"console: {len(text)} characters, set-up {status}, {len(series)} usage lines")
    if not settled:
        return []
    found = []
    if status is None or status[0] != seen.setup:
        found.append(f"the console says {status}, the metadata {seen.setup}")
    if status is not None and (status[1] or 0) < 10**12:
        found.append(f"the time of the set-up line is not in milliseconds: {status}")
    if not series:
        found.append("no usage line: no graphs")
    return found


def _every_list(api: Api, servers: list[Any]) -> list[str]:
    """The lists that one bad item loses."""
    ours = [one for one in servers if "exoServerVersion" in one["metadata"]]
    checks = [
        *(("server", exosphere.server, one) for one in ours),
        *(("image", exosphere.image, one) for one in api.get("image", "/v2/images?limit=200")["images"]),
        *(("volume", exosphere.volume, one) for one in api.get("volumev3", "/volumes/detail")["volumes"]),
        *(
            ("address", exosphere.floating_ip, one)
            for one in api.get("network", "/v2.0/floatingips")["floatingips"]
        ),
    ]
    found = [said for kind, check, one in checks if (said := _refused(kind, check, one))]
    groups = api.get("network", "/v2.0/security-groups")["security_groups"]
    default = [group for group in groups if group["name"] == "exosphere"]
    found += [
        f"an open tab would change the group {group['id']}"
        for group in default
        if not exosphere.group_is_untouched(group)
    ]
    return [*found, "several groups are called exosphere"] if len(default) > 1 else found


def _refused(kind: str, check: Any, one: Any) -> str:
    try:
        check(one)
    except (exosphere.Breaks, KeyError, ValueError) as error:
        return f"{kind} {one.get('name') or one['id']} loses Exosphere its list: {error!r}"
    return ""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("server")
    parser.add_argument("--settled", action="store_true")
    parser.add_argument("--creator", default="")
    given = parser.parse_args()
    wrong = look(Api.of_environment(), given.server, settled=given.settled, creator=given.creator)
    for sentence in wrong:
        say(f"WRONG: {sentence}")
    say("nothing is wrong" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
