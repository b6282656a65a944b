"""What is said to Keystone."""

from __future__ import annotations

from typing import Any

import httpx

from tests.democloud.conversation import NO_HEX, Talk

TOKENS = "/v3/auth/tokens"


async def reading(talk: Talk) -> None:
    for path in (
        "projects",
        "users",
        "roles",
        "regions",
        "role_assignments",
        "domains",
        "services",
        "endpoints",
        f"users/{NO_HEX}",
        f"projects/{NO_HEX}",
        "auth/projects",
        "auth/domains",
        "auth/system",
        "auth/catalog",
        "OS-FEDERATION/projects",
    ):
        await talk.say(f"keystone {path}", "GET", f"/v3/{path}")
    await talk.say("keystone me", "GET", f"/v3/users/{talk.user_id}")
    await talk.say("keystone my projects", "GET", f"/v3/users/{talk.user_id}/projects")
    await talk.say("keystone my project", "GET", f"/v3/projects/{talk.project_id}")
    await talk.say("keystone my roles", "GET", f"/v3/role_assignments?user.id={talk.user_id}")
    await talk.say("keystone version", "GET", "/v3")


async def login(talk: Talk, label: str, identity: dict[str, Any], **more: Any) -> httpx.Response:
    return await talk.say(
        f"login {label}", "POST", TOKENS, {"auth": {"identity": identity, **more}}, token="none"
    )


def credential(one: str, secret: str) -> dict[str, Any]:
    given = {"id": one, "secret": secret}
    return {"methods": ["application_credential"], "application_credential": given}


async def logins(talk: Talk) -> None:
    who = {"name": talk.user, "domain": {"name": "Default"}}

    def password(secret: str) -> dict[str, Any]:
        return {"methods": ["password"], "password": {"user": {**who, "password": secret}}}

    project = {"project": {"id": talk.project_id}}
    await login(talk, "wrong password", password("wrong"))
    await login(talk, "unscoped", password(talk.password), scope="unscoped")
    await login(talk, "without a scope", password(talk.password))
    await login(talk, "to the system", password(talk.password), scope={"system": {"all": True}})
    await login(talk, "to a project", password(talk.password), scope=project)
    await login(talk, "to another project", password(talk.password), scope={"project": {"id": NO_HEX}})
    await login(talk, "by token", {"methods": ["token"], "token": {"id": talk.token}}, scope=project)
    await login(talk, "by no token", {"methods": ["token"], "token": {"id": "gAAAAnope"}}, scope=project)
    await talk.say("login with nothing", "POST", TOKENS, {}, token="none")
    await talk.say("validate", "GET", TOKENS, X_Subject_Token=talk.token)
    await talk.say("validate no token", "GET", TOKENS, X_Subject_Token="gAAAAnope")
    await talk.say("validate nothing", "GET", TOKENS)


async def credentials(talk: Talk) -> None:
    path = f"/v3/users/{talk.user_id}/application_credentials"

    async def make(label: str, **more: Any) -> dict[str, Any]:
        content = {"application_credential": more}
        reply = await talk.say(f"credential {label}", "POST", path, content)
        found: dict[str, Any] = reply.json().get("application_credential", {})
        return found

    made = await make("made", name="talk", roles=[{"name": "member"}])
    await make("again", name="talk")
    await make("of a role not held", name="talk-admin", roles=[{"name": "admin"}])
    await make("over already", name="talk-past", expires_at="2001-01-01T00:00:00")
    await make("over some time", name="talk-soon", expires_at="soon")
    ending = await make("that ends", name="talk-ends", expires_at="2030-01-01T00:00:00Z")
    await talk.say("credentials", "GET", path)
    await talk.say("credential shown", "GET", f"{path}/{made['id']}")
    await talk.say("credential unknown", "GET", f"{path}/{NO_HEX}")
    inside = await login(talk, "by credential", credential(made["id"], made["secret"]))
    await login(talk, "by a guess", credential(made["id"], "guess"))
    await login(talk, "by an unknown credential", credential(NO_HEX, "guess"))
    scope = {"project": {"id": talk.project_id}}
    await login(talk, "by credential to a project", credential(made["id"], made["secret"]), scope=scope)
    token = inside.headers["x-subject-token"]
    await login(talk, "by a credential's token", {"methods": ["token"], "token": {"id": token}}, scope=scope)
    more = {"application_credential": {"name": "talk-more"}}
    await talk.say("credential by a restricted one", "POST", path, more, token=token)
    await talk.say("credential deleted by itself", "DELETE", f"{path}/{made['id']}", token=token)
    await talk.say("credentials read by one", "GET", path, token=token)
    for label, one in (("deleted", made["id"]), ("deleted too", ending["id"]), ("deleted again", made["id"])):
        await talk.say(f"credential {label}", "DELETE", f"{path}/{one}")
    await login(talk, "by a deleted credential", credential(made["id"], made["secret"]))


async def converse(talk: Talk) -> None:
    await reading(talk)
    await logins(talk)
    await credentials(talk)
