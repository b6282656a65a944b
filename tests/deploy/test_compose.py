"""docker-compose.yml without Docker: its schema, and its commands run as written."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose import ROOT, SETTINGS, compose, resolve

NEEDS = ("unshare", "ip", "nginx", "redis-server")


def test_the_file_follows_the_compose_schema() -> None:
    command = [
        str(Path(sys.executable).parent / "check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_missing_setting_stops_the_start_and_is_named() -> None:
    site = compose()["services"]["web"]["environment"]["SITE_URL"]
    with pytest.raises(KeyError, match="SITE_URL: the address people type"):
        resolve(site, {})
    assert resolve(site, SETTINGS) == "https://portal.example.org"


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        reason = f"needs root and {', '.join(missing) or 'nothing more'}: apt-get install nginx-light redis-server iproute2"
        assert os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.deploy.compose"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.xdist_group("deploy")
def test_every_part_is_healthy_behind_the_proxy(answers: dict[str, Any]) -> None:
    assert answers["ended"] == [], answers["logs"]
    assert answers["health"]["status"] == 200, (answers["health"], answers["logs"])


@pytest.mark.xdist_group("deploy")
def test_the_landing_page_comes_with_the_headers_of_production(answers: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in answers["landing"]["headers"].items()}
    assert answers["landing"]["status"] == 200
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.mark.xdist_group("deploy")
def test_websockets_reach_the_socket_process_which_refuses_strangers(answers: dict[str, Any]) -> None:
    # 403 is Daphne's and uvicorn's answer to a socket closed before it was accepted: the request got through.
    assert answers["socket_of_a_stranger"]["status"] in {101, 403}


@pytest.mark.xdist_group("deploy")
def test_names_of_the_ports_site_reach_its_process_and_never_the_portal(answers: dict[str, Any]) -> None:
    for name, status in (("port_of_a_stranger", 403), ("no_port", 404)):
        headers = {key.lower(): value for key, value in answers[name]["headers"].items()}
        assert answers[name]["status"] == status, answers[name]
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert "X-Request-ID" not in answers[name]["headers"]


@pytest.mark.xdist_group("deploy")
def test_a_deploy_of_web_cuts_no_open_page(answers: dict[str, Any]) -> None:
    deployed = answers["deployed"]
    assert deployed["without_web"] == 502, "web was not gone, so this shows nothing"
    assert deployed["heard"] == ['{"pong":1}'] * 3
