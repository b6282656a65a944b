"""An OpenStack on loopback: for development, tests and the demo. It imports nothing of the portal."""
