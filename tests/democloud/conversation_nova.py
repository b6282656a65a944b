"""What is said to Nova: refusals first, then the life of one server."""

from __future__ import annotations

from typing import Any

from tests.democloud.conversation import KEY, NO_HEX, NOBODY, Talk


def wanted(talk: Talk, flavor: str, image: str, **more: Any) -> dict[str, Any]:
    """A create request; what is ... is left out."""
    server = {"name": "talk", "flavorRef": flavor, "imageRef": image, "networks": "none", **more}
    return {"server": {name: value for name, value in server.items() if value is not ...}}


async def choices(talk: Talk) -> tuple[str, str]:
    headers = {"X-Auth-Token": talk.token}
    flavors = (await talk.http.get(f"{talk.nova}/flavors", headers=headers)).json()["flavors"]
    images = (await talk.http.get(f"{talk.image_url}/v2/images?status=active", headers=headers)).json()[
        "images"
    ]
    return next(one["id"] for one in flavors if one["name"] == "m3.tiny"), images[0]["id"]


def mapping(**more: Any) -> dict[str, Any]:
    boot = {"boot_index": 0, "destination_type": "volume", **more}
    return {"imageRef": "", "block_device_mapping_v2": [boot]}


async def refused_creates(talk: Talk, flavor: str, image: str) -> None:
    cases: dict[str, dict[str, Any]] = {
        "image unknown": {"imageRef": NOBODY},
        "image no uuid": {"imageRef": "nope"},
        "image missing": {"imageRef": ...},
        "flavor unknown": {"flavorRef": "nope"},
        "key unknown": {"key_name": "nope"},
        "name empty": {"name": ""},
        "name long": {"name": "x" * 256},
        "name padded": {"name": " x"},
        "name no string": {"name": 5},
        "networks missing": {"networks": ...},
        "networks wrong": {"networks": "bad"},
        "network unknown": {"networks": [{"uuid": NOBODY}]},
        "port unknown": {"networks": [{"port": NOBODY}]},
        "group unknown": {"security_groups": [{"name": "nope"}], "networks": "auto"},
        "user data no base64": {"user_data": "abc"},
        "metadata no string": {"metadata": {"a": 5}},
        "metadata long": {"metadata": {"a": "x" * 256}},
        "tag with comma": {"tags": ["a,b"]},
        "tag long": {"tags": ["x" * 61]},
        "counts crossed": {"min_count": 3, "max_count": 2},
        "count zero": {"min_count": 0},
        "unknown key": {"frob": 1},
        "volume unknown": mapping(source_type="volume", uuid=NOBODY),
        "source wrong": mapping(source_type="tape", uuid=NOBODY),
        "size missing": mapping(source_type="image", uuid=image),
    }
    for label, more in cases.items():
        await talk.say(f"create: {label}", "POST", "/servers", wanted(talk, flavor, image, **more))
    await talk.say("create: broken json", "POST", "/servers", raw=b"{")
    await talk.say("create: a list", "POST", "/servers", raw=b"[]")
    await talk.say("create: nothing", "POST", "/servers", {})


async def reading(talk: Talk, flavor: str) -> None:
    paths = {
        "show unknown": f"/servers/{NOBODY}",
        "limit negative": "/servers?limit=-1",
        "limit no number": "/servers?limit=x",
        "marker unknown": "/servers?marker=nope",
        "since no date": "/servers?changes-since=yesterday",
        "status unknown": "/servers?status=NOSUCH",
        "all tenants": "/servers?all_tenants=1",
        "all tenants detail": "/servers/detail?all_tenants=1",
        "filter unknown": "/servers?frob=1",
        "limits": "/limits",
        "quota": f"/os-quota-sets/{talk.project_id}",
        "quota detail": f"/os-quota-sets/{talk.project_id}/detail",
        "quota defaults": f"/os-quota-sets/{talk.project_id}/defaults",
        "quota of another": f"/os-quota-sets/{NO_HEX}",
        "zones": "/os-availability-zone",
        "zones detail": "/os-availability-zone/detail",
        "flavor": f"/flavors/{flavor}",
        "flavor unknown": "/flavors/nope",
        "flavors": "/flavors/detail?limit=1",
        "flavors marker unknown": "/flavors?marker=nope",
        "flavors ram no number": "/flavors?minRam=x",
        "specs": f"/flavors/{flavor}/os-extra_specs",
        "spec unknown": f"/flavors/{flavor}/os-extra_specs/nope",
        "group unknown": f"/os-server-groups/{NOBODY}",
    }
    for label, path in paths.items():
        await talk.say(f"read: {label}", "GET", path)
    for version in ("2.1", "2.35", "2.38", "2.56", "2.60", "2.74"):
        await talk.say(f"limits at {version}", "GET", "/limits", version=version)
        await talk.say(f"quota at {version}", "GET", f"/os-quota-sets/{talk.project_id}", version=version)
        await talk.say(f"flavor at {version}", "GET", f"/flavors/{flavor}", version=version)
    await talk.say("version outside", "GET", "/servers", version="1.9")
    await talk.say("no token", "GET", "/servers", token="x")


async def keys_and_groups(talk: Talk) -> None:
    for label, keypair in {
        "no key": {"name": "talk", "public_key": "ssh-rsa !!"},
        "bad name": {"name": "a/b", "public_key": KEY},
        "made": {"name": "talk", "public_key": KEY},
        "again": {"name": "talk", "public_key": KEY},
    }.items():
        await talk.say(f"key: {label}", "POST", "/os-keypairs", {"keypair": keypair})
    await talk.say("key: shown", "GET", "/os-keypairs/talk")
    await talk.say("key: deleted", "DELETE", "/os-keypairs/talk")
    await talk.say("key: deleted again", "DELETE", "/os-keypairs/talk")
    made = await talk.say(
        "group: made", "POST", "/os-server-groups", {"server_group": {"name": "talk", "policy": "affinity"}}
    )
    path = f"/os-server-groups/{made.json()['server_group']['id']}"
    await talk.say("group: shown", "GET", path)
    await talk.say("group: shown at 2.63", "GET", path, version="2.63")
    await talk.say("group: deleted", "DELETE", path)
    wrong = {"server_group": {"name": "talk", "policy": "love"}}
    await talk.say("group: no policy", "POST", "/os-server-groups", wrong)


async def acts(talk: Talk, when: str, server: str, actions: dict[str, dict[str, Any]]) -> None:
    for label, action in actions.items():
        await talk.say(f"{when}: {label}", "POST", f"{server}/action", action)


async def running(talk: Talk, server: str, flavor: str) -> None:
    for version in ("2.1", "2.8", "2.18", "2.25", "2.46", "2.47", "2.62", "2.70", "2.72", "2.89", "2.90"):
        await talk.say(f"show at {version}", "GET", server, version=version)
    await talk.say("listed", "GET", "/servers?limit=1")
    await talk.say("listed in detail", "GET", "/servers/detail?limit=1")
    for label, method, path, content in (
        ("metadata added", "POST", "/metadata", {"metadata": {"a": "b"}}),
        ("metadata no string", "POST", "/metadata", {"metadata": {"a": 1}}),
        ("metadata item", "GET", "/metadata/a", None),
        ("metadata item unknown", "GET", "/metadata/z", None),
        ("metadata item put", "PUT", "/metadata/c", {"meta": {"c": "d"}}),
        ("metadata item mismatch", "PUT", "/metadata/c", {"meta": {"e": "d"}}),
        ("metadata item deleted", "DELETE", "/metadata/c", None),
        ("metadata item deleted again", "DELETE", "/metadata/c", None),
        ("tag added", "PUT", "/tags/x", None),
        ("tag added again", "PUT", "/tags/x", None),
        ("tags", "GET", "/tags", None),
        ("tag there", "GET", "/tags/x", None),
        ("tag not there", "GET", "/tags/y", None),
        ("tag deleted that is not there", "DELETE", "/tags/y", None),
        ("tag too long", "PUT", "/tags/" + "x" * 61, None),
        ("tags replaced", "PUT", "/tags", {"tags": ["p"]}),
        ("tags no list", "PUT", "/tags", {"tags": "p"}),
        ("tags deleted", "DELETE", "/tags", None),
        ("renamed", "PUT", "", {"server": {"name": "talked"}}),
        ("renamed to nothing", "PUT", "", {"server": {"name": ""}}),
        ("interfaces", "GET", "/os-interface", None),
        ("interface unknown", "GET", f"/os-interface/{NOBODY}", None),
        ("volumes", "GET", "/os-volume_attachments", None),
        ("volume unknown", "GET", f"/os-volume_attachments/{NOBODY}", None),
        (
            "volume attached unknown",
            "POST",
            "/os-volume_attachments",
            {"volumeAttachment": {"volumeId": NOBODY}},
        ),
        (
            "volume attached no uuid",
            "POST",
            "/os-volume_attachments",
            {"volumeAttachment": {"volumeId": "nope"}},
        ),
        ("volume detached unknown", "DELETE", f"/os-volume_attachments/{NOBODY}", None),
        ("addresses", "GET", "/ips", None),
        ("groups", "GET", "/os-security-groups", None),
        ("console", "POST", "/remote-consoles", {"remote_console": {"protocol": "vnc", "type": "novnc"}}),
        (
            "console spice",
            "POST",
            "/remote-consoles",
            {"remote_console": {"protocol": "spice", "type": "spice-html5"}},
        ),
        (
            "console mixed",
            "POST",
            "/remote-consoles",
            {"remote_console": {"protocol": "vnc", "type": "spice-html5"}},
        ),
        ("history", "GET", "/os-instance-actions", None),
        ("history limited", "GET", "/os-instance-actions?limit=1", None),
        ("history unknown", "GET", "/os-instance-actions/req-nope", None),
    ):
        await talk.say(f"running: {label}", method, server + path, content)
    await talk.say("running: tags at 2.25", "GET", f"{server}/tags", version="2.25")
    actions: dict[str, dict[str, Any]] = {
        "nothing": {},
        "two": {"os-stop": None, "lock": None},
        "unknown": {"frobnicate": None},
        "reboot warm": {"reboot": {"type": "WARM"}},
        "reboot untyped": {"reboot": {}},
        "resize to the same": {"resize": {"flavorRef": flavor}},
        "resize to unknown": {"resize": {"flavorRef": "nope"}},
        "resize to nothing": {"resize": {}},
        "rebuild unknown": {"rebuild": {"imageRef": NOBODY}},
        "image unnamed": {"createImage": {}},
        "log of x lines": {"os-getConsoleOutput": {"length": "x"}},
        "log": {"os-getConsoleOutput": {"length": 2}},
        "group added unknown": {"addSecurityGroup": {"name": "nope"}},
        "group removed unknown": {"removeSecurityGroup": {"name": "nope"}},
    }
    for name in ("confirmResize", "revertResize", "os-start", "resume", "unshelve", "unrescue", "unpause"):
        actions[name] = {name: None}
    await acts(talk, "running", server, actions)
    history = (
        await talk.http.get(f"{talk.nova}{server}/os-instance-actions", headers={"X-Auth-Token": talk.token})
    ).json()
    path = f"{server}/os-instance-actions/{history['instanceActions'][-1]['request_id']}"
    for version in ("2.1", "2.50", "2.57", "2.61", "2.83", "2.84"):
        await talk.say(f"history of create at {version}", "GET", path, version=version)


async def locked(talk: Talk, server: str) -> None:
    await acts(
        talk, "lock", server, {"set": {"lock": {"locked_reason": "talking"}}, "stop": {"os-stop": None}}
    )
    await talk.say("lock: delete", "DELETE", server)
    await talk.say("lock: metadata", "POST", f"{server}/metadata", {"metadata": {"q": "b"}})
    await talk.say("lock: rename", "PUT", server, {"server": {"name": "talks"}})
    await talk.say("lock: tag", "PUT", f"{server}/tags/l")
    await talk.say("lock: shown", "GET", server)
    await acts(talk, "lock", server, {"taken off": {"unlock": None}, "taken off again": {"unlock": None}})


async def stopped_and_shelved(talk: Talk, server: str) -> None:
    server_id = server.rsplit("/", 1)[1]
    await acts(talk, "stopping", server, {"stop": {"os-stop": None}, "suspend": {"suspend": None}})
    await talk.until(talk, server_id, "SHUTOFF")
    await acts(
        talk,
        "stopped",
        server,
        {
            "soft reboot": {"reboot": {"type": "SOFT"}},
            "suspend": {"suspend": None},
            "stop": {"os-stop": None},
        },
    )
    await talk.say("stopped: shown", "GET", server)
    await talk.say("stopped: metadata", "POST", f"{server}/metadata", {"metadata": {"q": "b"}})
    await acts(talk, "stopped", server, {"shelve": {"shelve": None}})
    await talk.until(talk, server_id, "SHELVED_OFFLOADED")
    await talk.say("shelved: shown", "GET", server)
    names = ("os-start", "os-stop", "suspend", "shelve")
    await acts(talk, "shelved", server, {name: {name: None} for name in names})
    await acts(
        talk,
        "shelved",
        server,
        {"image": {"createImage": {"name": "n"}}, "log": {"os-getConsoleOutput": {}}},
    )
    await talk.say("shelved: metadata", "POST", f"{server}/metadata", {"metadata": {"q": "b"}})
    await talk.say("shelved: tag", "PUT", f"{server}/tags/sh")
    await talk.say("shelved: tags", "PUT", f"{server}/tags", {"tags": ["p"]})
    await talk.say("shelved: tag deleted", "DELETE", f"{server}/tags/l")
    await talk.say("shelved: tags deleted", "DELETE", f"{server}/tags")


async def deleted(talk: Talk, server: str) -> None:
    await talk.say("delete", "DELETE", server)
    await talk.until(talk, server.rsplit("/", 1)[1], "gone")
    await talk.say("deleted: shown", "GET", server)
    await talk.say("deleted: again", "DELETE", server)
    await talk.say("deleted: history", "GET", f"{server}/os-instance-actions")
    await talk.say("deleted: since", "GET", "/servers/detail?changes-since=2020-01-01T00:00:00Z&limit=1")
    await acts(talk, "deleted", server, {"stop": {"os-stop": None}})


async def converse(talk: Talk) -> None:
    flavor, image = await choices(talk)
    await refused_creates(talk, flavor, image)
    await reading(talk, flavor)
    await keys_and_groups(talk)
    made = await talk.say("created", "POST", "/servers", wanted(talk, flavor, image, **talk.create_more))
    server = f"/servers/{made.json()['server']['id']}"
    await talk.until(talk, made.json()["server"]["id"], "ACTIVE")
    await running(talk, server, flavor)
    await locked(talk, server)
    await stopped_and_shelved(talk, server)
    await deleted(talk, server)
