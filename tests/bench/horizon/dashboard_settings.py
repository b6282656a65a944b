"""Horizon's settings for the bench, read by Debian's Python: the package's own, and only what a site must choose.

Debug is off and the static files are compressed offline, as the package comes. Sessions and cache are in memcached, as
Horizon's deployment guide recommends for production (Debian's file would keep them in one process's memory). Rows of a
page are 20, as it comes; people choose another number for themselves, and so does the bench, by the same cookie.
"""

import os

# The package is Debian's, for Debian's Python; it is not in the portal's environment.
import openstack_dashboard.settings as packaged  # type: ignore[import-not-found]

globals().update({name: getattr(packaged, name) for name in dir(packaged) if name.isupper()})

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = os.environ["BENCH_SECRET"]
OPENSTACK_KEYSTONE_URL = os.environ["BENCH_AUTH_URL"]
OPENSTACK_HOST = "127.0.0.1"
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": os.environ["BENCH_MEMCACHED"],
    }
}
# What each request writes to its log at the level of the package would only slow it.
LOGGING = {"version": 1, "disable_existing_loggers": True}
