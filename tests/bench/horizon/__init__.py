"""What the benches on the real cloud share: the lab and its servers, a proxy that counts calls, Horizon, the portal."""
