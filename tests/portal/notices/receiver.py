"""A server on loopback that answers one request with these bytes, at once or drop by drop."""

import socket
import threading
import time
from contextlib import suppress
from typing import Self


class Receiver:
    def __init__(self, reply: bytes, *, drip: float = 0.0) -> None:
        self.reply, self.drip = reply, drip
        self.got = b""
        self.connections = 0

    def __enter__(self) -> Self:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # Nobody comes any more: who waits in accept() is woken by a last visitor.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join(timeout=5)
        self._door.close()

    def _serve(self) -> None:
        line, _ = self._door.accept()
        self.connections += 1
        with line, suppress(OSError):
            line.settimeout(5)
            while not self._whole():
                if not (found := line.recv(65536)):
                    return  # who came said no more
                self.got += found
            if self.drip:
                self._drop_by_drop(line)
            else:
                line.sendall(self.reply)

    def _whole(self) -> bool:
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return False
        sizes = [
            part.split(b":")[1] for part in head.lower().split(b"\r\n") if part.startswith(b"content-length:")
        ]
        return len(body) >= (int(sizes[0]) if sizes else 0)

    def _drop_by_drop(self, line: socket.socket) -> None:
        line.sendall(self.reply)
        for _ in range(50):
            time.sleep(self.drip)
            line.sendall(b"x")
