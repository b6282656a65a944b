import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.ports.listening import KNOWN, MOST_PORTS, among, known_port, listening, openable

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def _line(address: str, state: str = "0A") -> str:
    return (
        f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 621 1\n"
    )


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("0100007F:22B8", 8888),
        ("00000000:22B8", 8888),
        ("3500007F:0035", 53),
        ("00000000000000000000000000000000:1F90", 8080),
        ("00000000000000000000000001000000:1F90", 8080),
        ("0000000000000000FFFF00000100007F:1F90", 8080),
    ],
)
def test_what_loopback_reaches_is_found(address: str, port: int) -> None:
    assert listening((HEAD + _line(address)).encode()) == [port]


@pytest.mark.parametrize(
    "line",
    [
        _line("0100007F:22B8", "01"),
        _line("0900CB71:22B8"),
        _line("B80D0120000000000000000000000001:1F90"),
        _line("0100007F:"),
        _line("0100007F:zzzz"),
        _line("7F:22B8"),
        "0: 0100007F:22B8\n",
    ],
)
def test_what_it_does_not_reach_or_does_not_listen_is_not(line: str) -> None:
    assert listening((HEAD + line).encode()) == []


@given(st.binary(max_size=400))
def test_whatever_a_machine_writes_it_is_numbers_in_order(text: bytes) -> None:
    found = listening(text)
    assert found == sorted(set(found)) and all(0 < port < 65_536 for port in found)


def test_a_machine_that_claims_thousands_is_cut_short() -> None:
    text = "".join(_line(f"00000000:{port:04X}") for port in range(1, 5000))
    assert len(listening(text.encode())) == MOST_PORTS


async def test_the_kernel_of_this_machine_is_understood() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text = Path("/proc/net/tcp").read_bytes()  # noqa: ASYNC240
    server.close()
    assert port in [
        int(line.split()[1].split(":")[1], 16)
        for line in text.decode().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    own = "\n".join(line for line in text.decode().splitlines() if f":{port:04X} " in line)
    assert listening(own.encode()) == [port]


@pytest.mark.parametrize(
    ("port", "allowed"),
    [
        (8888, True),
        (1024, True),
        (80, True),
        (443, True),
        (1023, False),
        (22, False),
        (0, False),
        (65_536, False),
    ],
)
def test_which_ports_may_be_opened(port: int, allowed: bool) -> None:
    assert openable(port, 1024, (80, 443)) is allowed


def test_port_22_is_never_opened_whatever_is_configured() -> None:
    assert not openable(22, 1, (22,))
    assert among([22, 80, 8888], 1, (22,)) == [80, 8888]


def test_known_ports_have_names_and_others_do_not() -> None:
    assert known_port(8888).name == "Jupyter"
    assert known_port(8888).start == "jupyter lab --no-browser"
    assert known_port(12345).name == ""
    assert len({one.port for one in KNOWN}) == len(KNOWN)
