"""HTTP and WebSocket in one application: `uvicorn portal.asgi:application`."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
_pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs the apps that the line above loads)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from instances.metrics.ingest import PATH as PUSH_PATH  # noqa: E402
from instances.metrics.ingest import Ingest  # noqa: E402
from instances.remote.ports.app import PortsSite  # noqa: E402
from portal.accounts.impersonation_sockets import OnlyLive  # noqa: E402
from portal.routing import websocket_urlpatterns  # noqa: E402

_push = Ingest()


async def _http(scope: Any, receive: Any, send: Any) -> None:
    # Thousands of guests push each few seconds: they do not pass through Django's middleware.
    await (_push if scope["path"] == PUSH_PATH else _pages)(scope, receive, send)


# By the Host header, before anything of Django: no page of a machine comes under the portal's name, or the other way round.
application = PortsSite(
    ProtocolTypeRouter(
        {
            "http": _http,
            "websocket": AllowedHostsOriginValidator(
                AuthMiddlewareStack(OnlyLive(URLRouter(websocket_urlpatterns)))
            ),
        }
    )
)
