from django.urls import path, re_path

from instances.remote.desktop import DesktopConsumer
from instances.remote.shell import ShellConsumer
from portal.core.sockets import LiveConsumer

# `at/<node>/` is for the proxy, which leads it to the process that holds the session.
_REMOTE = r"^ws/remote/(?:at/[a-z0-9-]+/)?"
websocket_urlpatterns = [
    path("ws/live/", LiveConsumer.as_asgi()),
    re_path(_REMOTE + r"desktop/$", DesktopConsumer.as_asgi()),
    re_path(_REMOTE + r"shell/$", ShellConsumer.as_asgi()),
]
