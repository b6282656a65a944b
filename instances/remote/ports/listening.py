"""Which ports of a machine something listens on, out of what the kernel says in /proc/net/tcp. Pure.

What comes back was written by the machine: it is read as numbers, and bounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# No program of the machine is needed for it but cat. The file of IPv6 may be missing.
COMMAND = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null"
MOST_BYTES = 512 * 1024
MOST_PORTS = 60
_LISTEN = "0A"
# In the kernel's spelling, by the length of an address: those that a connection to loopback reaches.
_ANY4, _ANY6 = "0" * 8, "0" * 32
_ONE6 = "0" * 24 + "01000000"
_MAPPED = "0" * 16 + "FFFF0000"


@dataclass(frozen=True, slots=True)
class KnownPort:
    """`start`: how people start it so that it listens here; `hint`: what it asks for in the browser."""

    port: int
    name: str
    start: str = ""
    hint: str = ""


KNOWN = (
    KnownPort(
        8888,
        "Jupyter",
        "jupyter lab --no-browser",
        "It asks for a token unless you paste the whole address that it printed; jupyter server list shows it again.",
    ),
    KnownPort(
        8787, "RStudio", "sudo rstudio-server start", "It asks for a login and a password of the machine."
    ),
    KnownPort(6006, "TensorBoard", "tensorboard --logdir runs"),
    KnownPort(8501, "Streamlit", "streamlit run app.py --server.headless true"),
    KnownPort(7860, "Gradio", "python app.py"),
    KnownPort(8265, "Ray dashboard", "ray start --head"),
    KnownPort(8786, "Dask scheduler"),
    KnownPort(5006, "Bokeh, Panel", "bokeh serve app.py"),
    KnownPort(5000, "MLflow, Flask", "mlflow ui"),
    KnownPort(
        8080,
        "code-server",
        "code-server --bind-addr 127.0.0.1:8080",
        "Its password is in ~/.config/code-server/config.yaml.",
    ),
    KnownPort(3000, "Grafana, Node"),
    KnownPort(8000, "Django, http.server", "python3 -m http.server 8000 --bind 127.0.0.1"),
)
_BY_PORT = {one.port: one for one in KNOWN}


def known_port(port: int) -> KnownPort:
    return _BY_PORT.get(port, KnownPort(port, ""))


def listening(text: bytes) -> list[int]:
    """The ports that a connection to the machine's own loopback reaches, in order."""
    found = {
        port for line in text[:MOST_BYTES].decode("ascii", "replace").splitlines() if (port := _port(line))
    }
    return sorted(found)[:MOST_PORTS]


def _port(line: str) -> int:
    """0: the line is of no listening socket."""
    words = line.split()
    if len(words) < 4 or words[3] != _LISTEN:
        return 0
    address, _, port = words[1].partition(":")
    try:
        number = int(port, 16) if len(port) == 4 else 0
    except ValueError:
        return 0
    return number if _reached(address.upper()) else 0


def _reached(address: str) -> bool:
    if len(address) == 8:
        return address == _ANY4 or address.endswith("7F")
    if len(address) != 32:
        return False
    return address in (_ANY6, _ONE6) or (address.startswith(_MAPPED) and address.endswith("7F"))


def among(ports: Iterable[int], lowest: int, also: Iterable[int]) -> list[int]:
    """Those that may be opened."""
    return [port for port in ports if openable(port, lowest, also)]


def openable(port: int, lowest: int, also: Iterable[int]) -> bool:
    """Never 22, whatever the configuration says: behind it is the login that brought us there."""
    return port != 22 and 0 < port <= 65_535 and (port >= lowest or port in tuple(also))
