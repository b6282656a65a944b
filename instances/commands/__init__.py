"""Show me the command: what the portal does, as one would do it with one's own tools. Pure modules, no Django."""
