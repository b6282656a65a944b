"""Applications that speak HTTPS only, with a certificate that nobody signed."""

import asyncio
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.instances.remote.ports.browser import ask
from tests.instances.remote.ports.guest import answers, application, head, ok

BIG = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder: Path = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", "/CN=self-signed"]
    subprocess.run([*command, *names], check=True, capture_output=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


async def test_an_application_with_a_certificate_of_its_own_making_is_shown(
    open_port: Any, context: ssl.SSLContext
) -> None:
    heard: list[bytes] = []
    async with application(answers(ok(b"x" * BIG), ok(b"again"), heard=heard), ssl=context) as app:
        port = open_port(app.port, tls=True)
        assert len((await ask(port.host, headers=[port.cookie])).body) == BIG
        assert (await ask(port.host, headers=[port.cookie])).body == b"again"
    assert app.connections == 1
    assert f"host: localhost:{app.port}\r\n".encode() in heard[0]


async def test_an_upload_goes_into_it(open_port: Any, context: ssl.SSLContext) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(ok(b"%d" % len(await reader.readexactly(BIG))))
        await writer.drain()

    async with application(talk, ssl=context) as app:
        port = open_port(app.port, tls=True)
        headers = [port.cookie, ("content-length", str(BIG)), ("origin", port.origin)]
        answer = await ask(port.host, method="PUT", headers=headers, body=[b"x" * (BIG // 8)] * 8)
    assert answer.body == b"%d" % BIG


async def test_one_that_does_not_speak_it_is_told_so(open_port: Any) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with application(talk) as app:
        port = open_port(app.port, tls=True)
        answer = await ask(port.host, headers=[port.cookie])
    assert answer.status == 502 and b"does not speak HTTPS" in answer.body


async def test_one_that_ends_the_connection_instead_is_told_so(open_port: Any) -> None:
    async with application(answers()) as app:
        port = open_port(app.port, tls=True)
        answer = await ask(port.host, headers=[port.cookie])
    assert answer.status == 502 and b"does not speak HTTPS" in answer.body


async def test_opened_without_the_option_it_is_offered(open_port: Any, context: ssl.SSLContext) -> None:
    async with application(answers(ok(b"x")), ssl=context) as app:
        port = open_port(app.port)
        answer = await ask(port.host, headers=[port.cookie])
    assert (
        answer.status == 502
        and b"HTTPS" in answer.body
        and b"that option" in answer.body.replace(b"the option", b"that option")
    )
