"""Web applications of machines in the browser: each under a host name of its own below `settings.PORTS_SITE`.

An ASGI application in front of Django, chosen by the Host header; what it serves comes through an SSH channel.
"""
