"""The gateway: the only package that talks to OpenStack."""
