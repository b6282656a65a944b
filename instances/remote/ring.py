"""The last of what a shell printed, for pages that come back. Pure."""

from collections import deque


class Ring:
    """Keeps the last `most` bytes of a stream, and where in the stream they stand."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._kept: deque[bytes] = deque()
        self._size = 0

    def feed(self, data: bytes) -> None:
        self.total += len(data)
        self._kept.append(data)
        self._size += len(data)
        while self._size - len(self._kept[0]) >= self.most:
            self._size -= len(self._kept.popleft())

    @property
    def start(self) -> int:
        """Where in the stream the oldest byte kept stands."""
        return self.total - self._size

    def since(self, offset: int) -> tuple[int, bytes, bool]:
        """What follows `offset`: (where it begins, the bytes, whether nothing is missing between).

        With a gap it begins after a line's end where there is one, so that no escape sequence is cut in two.
        """
        whole = b"".join(self._kept)
        if self.start <= offset <= self.total:
            return offset, whole[offset - self.start :], True
        cut = whole.find(b"\n") + 1 if self.start else 0
        return self.start + cut, whole[cut:], False
