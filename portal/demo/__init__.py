"""`make demo`: the whole product on loopback, from the working tree. Imports nothing of the portal but its own modules."""
