"""What runs inside the machines that we set up. `instances.userdata` packs these files; nothing here runs in the portal."""
