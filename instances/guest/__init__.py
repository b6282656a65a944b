"""What runs inside the machines that we set up, packed by `instances.userdata`; never run in the portal."""
