"""Web applications inside a guest: a pretend notebook and a pretend RStudio, with all that a proxy must carry."""

import asyncio
import html
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

PAGES = Path(__file__).with_name("guest_pages")
NOTEBOOK, STUDIO, SILENT = 8888, 8787, 9999
LISTENING = (NOTEBOOK, STUDIO, SILENT)
MEGABYTE = 1 << 20
MOST_MEGABYTES = 2048
EVENT_SECONDS = 0.2
MOST_MESSAGE, MOST_ECHO = 4 * MEGABYTE, 16 * MEGABYTE


def notebook(title: str, port: int) -> Starlette:
    """An application that believes it is `http://localhost:<port>`, as those on a person's own machine do."""
    own = f"http://localhost:{port}"

    async def root(request: Request) -> Response:
        return RedirectResponse(f"{own}/lab", 302)

    async def lab(request: Request) -> Response:
        text = (PAGES / "lab.html").read_text(encoding="utf-8")
        page = HTMLResponse(text.replace("@title@", html.escape(title)).replace("@port@", str(port)))
        page.headers.append("Set-Cookie", "demo-notebook=1; Path=/; Domain=localhost")
        page.headers.append("Set-Cookie", "demo-plain=2; Path=/lab; HttpOnly")
        return page

    async def tree(request: Request) -> Response:
        name = html.escape(request.url.path)
        return HTMLResponse(
            f"<!doctype html><html lang=en><title>{html.escape(title)}</title><p id=path>{name}<p><a href=/lab>back</a>"
        )

    async def login(request: Request) -> Response:
        """A form's answer: what the application thinks its own address is must not leave the machine."""
        return RedirectResponse(f"{own}/lab?token=1", 303)

    pages = [
        Route("/", root),
        Route("/lab", lab),
        Route("/login", login, methods=["POST"]),
        Route("/tree/{path:path}", tree),
        Route("/lab.js", _file("lab.js", "text/javascript")),
        Route("/static/lab.css", _file("lab.css", "text/css")),
        Route("/headers.json", headers),
        Route("/upload", upload, methods=["POST", "PUT"]),
        Route("/echo", echo_body, methods=["POST", "PUT", "PATCH", "DELETE"]),
        Route("/big", big),
        Route("/stream", stream),
        Route("/events", events),
        Route("/slow", slow),
        Route("/status/{code:int}", status),
        WebSocketRoute("/ws", echo_socket("")),
        WebSocketRoute("/api/echo", echo_socket(own)),
    ]
    return Starlette(routes=pages)


def echo_socket(origin: str) -> Callable[[WebSocket], Awaitable[None]]:
    """Gives back what comes; with an `origin`, only to pages from there."""

    async def echo(socket_: WebSocket) -> None:
        if origin and socket_.headers.get("origin") != origin:
            await socket_.close(4003)  # before it is accepted: 403
            return
        asked = socket_.headers.get("sec-websocket-protocol", "").split(",")[0].strip()
        await socket_.accept(asked or None)
        try:
            while True:
                message = await socket_.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if message.get("text") == "close":
                    await socket_.close(4001, "asked for")
                    return
                if message.get("bytes") is not None:
                    await socket_.send_bytes(message["bytes"])
                else:
                    await socket_.send_text(message["text"])
        except WebSocketDisconnect:
            return

    return echo


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return FileResponse(PAGES / name, media_type=kind)

    return answer


async def headers(request: Request) -> Response:
    return JSONResponse(dict(request.headers))


async def upload(request: Request) -> Response:
    count = 0
    async for piece in request.stream():
        count += len(piece)
    return JSONResponse({"bytes": count})


async def echo_body(request: Request) -> Response:
    kept = bytearray()
    async for piece in request.stream():
        kept += piece
        if len(kept) > MOST_ECHO:
            return Response(status_code=413)
    return Response(bytes(kept), media_type=request.headers.get("content-type", "application/octet-stream"))


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), most) if text.isdigit() else default


async def big(request: Request) -> Response:
    """`?mb=50`: with its length. Ranges are not offered."""
    count = _number(request, "mb", 50, MOST_MEGABYTES)

    async def content() -> AsyncIterator[bytes]:
        block = bytes(range(256)) * 256
        for _ in range(count * MEGABYTE // len(block)):
            yield block

    given = {"Content-Length": str(count * MEGABYTE), "Content-Disposition": 'attachment; filename="big.bin"'}
    return StreamingResponse(content(), media_type="application/octet-stream", headers=given)


async def stream(request: Request) -> Response:
    """Chunks, one each 100 ms: whoever collects them all first is not a proxy for notebooks."""

    async def content() -> AsyncIterator[bytes]:
        for number in range(_number(request, "n", 10, 1000)):
            yield f"chunk {number}\n".encode()
            await asyncio.sleep(0.1)

    return StreamingResponse(content(), media_type="text/plain")


async def events(request: Request) -> Response:
    async def content() -> AsyncIterator[str]:
        number = 0
        while not await request.is_disconnected():
            yield f"id: {number}\ndata: {json.dumps({'n': number})}\n\n"
            number += 1
            await asyncio.sleep(EVENT_SECONDS)

    return StreamingResponse(content(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def slow(request: Request) -> Response:
    await asyncio.sleep(_number(request, "seconds", 5, 600))
    return Response("at last\n", media_type="text/plain")


async def status(request: Request) -> Response:
    return Response(f"{request.path_params['code']}\n", request.path_params["code"])


class Sites:
    """The applications of one guest; each is made when it is first asked for."""

    def __init__(self, name: str) -> None:
        self._titles = {NOTEBOOK: f"Notebook on {name}", STUDIO: f"RStudio on {name}"}
        self._configs: dict[int, uvicorn.Config] = {}

    async def open(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to what listens there; None where nothing does."""
        if port not in self._titles and port != SILENT:
            return None
        near, far = socket.socketpair()
        near.setblocking(False)
        far.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=near)
        loop = asyncio.get_running_loop()
        if port == SILENT:
            await loop.connect_accepted_socket(asyncio.Protocol, far)
            return reader, writer
        config = self._config(port)
        await loop.connect_accepted_socket(
            lambda: H11Protocol(config, ServerState(), app_state={}, _loop=loop), far
        )
        return reader, writer

    def _config(self, port: int) -> uvicorn.Config:
        if port not in self._configs:
            config = uvicorn.Config(
                notebook(self._titles[port], port),
                ws="websockets-sansio",
                ws_max_size=MOST_MESSAGE,
                lifespan="off",
                access_log=False,
                log_config=None,
            )
            config.load()
            self._configs[port] = config
        return self._configs[port]


def proc_net_tcp() -> str:
    """What /proc/net/tcp shows of those who listen on loopback."""
    head = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    )
    rows = (
        f"{number:4}: {'00000000' if port == 22 else '0100007F'}:{port:04X} 00000000:0000 0A 00000000:00000000 "
        f"00:00000000 00000000  1000        0 {20_000 + number} 1 0000000000000000 100 0 0 10 0\n"
        for number, port in enumerate((22, *LISTENING))
    )
    return head + "".join(rows)
