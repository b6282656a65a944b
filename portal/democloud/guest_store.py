"""What the files of all guests of a cloud hold: small ones in memory, others in blocks of one unnamed file."""

import errno
import os
import tempfile
import weakref
from pathlib import Path

BLOCK = 64 * 1024
SMALL = 4096
MOST_BYTES = 4 << 30  # of the real disk, for all guests together


class Store:
    """Blocks of one temporary file, which the system forgets with this process."""

    def __init__(self, folder: Path | None = None, most: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most // BLOCK
        self._free: list[int] = []
        self._next = 0
        self._descriptor: int | None = None

    def _file(self) -> int:
        if self._descriptor is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                self._descriptor = os.dup(file.fileno())
        return self._descriptor

    @property
    def used_blocks(self) -> int:
        return self._next - len(self._free)

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        if self._next >= self._most:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._next += 1
        return self._next - 1

    def give(self, slots: list[int]) -> None:
        self._free += slots

    def read(self, slot: int, start: int, count: int) -> bytes:
        return os.pread(self._file(), count, slot * BLOCK + start)

    def write(self, slot: int, start: int, data: bytes) -> None:
        os.pwrite(self._file(), data, slot * BLOCK + start)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _release(store: Store, blocks: dict[int, int]) -> None:
    store.give(list(blocks.values()))
    blocks.clear()


class Content:
    """The bytes of one file. What was never written is zero and takes no room."""

    def __init__(self, store: Store, data: bytes = b"") -> None:
        self.size = 0
        self._store = store
        self._head: bytearray | None = bytearray()
        self._blocks: dict[int, int] = {}
        weakref.finalize(self, _release, store, self._blocks)
        if data:
            self.write(0, data)

    def read(self, offset: int, count: int) -> bytes:
        count = max(0, min(count, self.size - offset))
        if self._head is not None:
            return bytes(self._head[offset : offset + count])
        parts = []
        while count > 0:
            index, start = divmod(offset, BLOCK)
            length = min(count, BLOCK - start)
            slot = self._blocks.get(index)
            parts.append(bytes(length) if slot is None else self._store.read(slot, start, length))
            offset, count = offset + length, count - length
        return b"".join(parts)

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if self._head is not None and end <= SMALL:
            self._head.extend(bytes(max(0, end - len(self._head))))
            self._head[offset:end] = data
        else:
            self._spill()
            self._write_blocks(offset, memoryview(data))
        self.size = max(self.size, end)

    def _spill(self) -> None:
        head, self._head = self._head, None
        if head:
            self._write_blocks(0, memoryview(head))

    def _write_blocks(self, offset: int, data: memoryview) -> None:
        while data:
            index, start = divmod(offset, BLOCK)
            part = data[: BLOCK - start]
            slot = self._blocks.get(index)
            if slot is None:
                slot = self._blocks[index] = self._store.take()
                block = bytearray(BLOCK)
                block[start : start + len(part)] = part
                self._store.write(slot, 0, bytes(block))
            else:
                self._store.write(slot, start, bytes(part))
            data, offset = data[len(part) :], offset + len(part)

    def truncate(self, size: int) -> None:
        if self._head is not None and size <= SMALL:
            self._head[size:] = bytes(max(0, size - len(self._head)))
        else:
            self._spill()
            last, start = divmod(size, BLOCK)
            gone = [index for index in self._blocks if index > last or (index == last and not start)]
            self._store.give([self._blocks.pop(index) for index in gone])
            if size < self.size and last in self._blocks:
                self._store.write(self._blocks[last], start, bytes(BLOCK - start))
        self.size = size


class Made(Content):
    """Made up while it is read, and never changed: `pattern` again and again up to `size`."""

    def __init__(self, store: Store, pattern: bytes, size: int) -> None:
        super().__init__(store)
        self._pattern = pattern
        self.size = size

    def read(self, offset: int, count: int) -> bytes:
        count = max(0, min(count, self.size - offset))
        start = offset % len(self._pattern)
        times = (start + count) // len(self._pattern) + 1
        return (self._pattern * times)[start : start + count]

    def write(self, offset: int, data: bytes) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def truncate(self, size: int) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
