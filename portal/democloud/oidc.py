"""The demo's OpenID provider: `python -m portal.democloud.oidc --port N --people seed --announce FILE`."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import werkzeug.serving

from portal.democloud.oidc_app import Provider, make_app
from portal.democloud.people import PEOPLE, Person


class QuietHandler(werkzeug.serving.WSGIRequestHandler):
    """No access log: the addresses of this server carry authorization codes."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m portal.democloud.oidc", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 chooses a free one")
    parser.add_argument("--people", default="seed", help="`seed`, or a JSON file with a list of people")
    parser.add_argument("--announce", type=Path, help="write the issuer and the client here, once listening")
    parser.add_argument("--client-id", default=os.environ.get("OIDC_CLIENT_ID", "heliosphere"))
    parser.add_argument("--token-seconds", type=int, default=900, help="life of an access token")
    return parser


def people_from(source: str) -> tuple[Person, ...]:
    if source == "seed":
        return PEOPLE
    entries: list[dict[str, Any]] = json.loads(Path(source).read_text(encoding="utf-8"))
    return tuple(Person(**entry | {"groups": tuple(entry.get("groups", ()))}) for entry in entries)


def announce(path: Path, issuer: str, provider: Provider) -> None:
    """The client's secret is in it, so only the owner may read it."""
    document = {
        "issuer": issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "control_url": f"{issuer}/_control",
        "control_key": provider.control_key,
        "people": [
            {"name": p.name, "about": p.about, "claims": {"sub": p.sub, **p.claims()}}
            for p in provider.people
        ],
    }
    draft = path.with_suffix(f".{os.getpid()}")
    with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    draft.replace(path)


def main() -> int:
    given = arguments().parse_args()
    provider = Provider(
        people_from(given.people), client_id=given.client_id, token_seconds=given.token_seconds
    )
    if secret := os.environ.get("OIDC_CLIENT_SECRET"):
        provider.client_secret = secret
    server = werkzeug.serving.make_server(
        "127.0.0.1", given.port, make_app(provider), threaded=True, request_handler=QuietHandler
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if given.announce:
        announce(given.announce, f"http://127.0.0.1:{server.server_port}", provider)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
