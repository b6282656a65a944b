"""While an operator looks as somebody, their session opens no shell, desktop or anything else but a page's own socket."""

from typing import Any

from channels.db import database_sync_to_async

from portal.accounts.impersonation import KEY


class OnlyLive:
    """Around the application behind all WebSockets, inside the session's middleware.

    The live socket stays the operator's own: it is told of what the operator may see anyway.
    """

    def __init__(self, app: Any, live: str = "/ws/live/") -> None:
        self.app, self.live = app, live

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["path"] != self.live and await database_sync_to_async(_looking)(scope.get("session")):
            await receive()
            await send({"type": "websocket.close", "code": 4403})
            return None
        return await self.app(scope, receive, send)


def _looking(session: Any) -> bool:
    return session is not None and session.get(KEY) is not None
