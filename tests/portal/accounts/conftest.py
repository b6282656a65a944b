import pytest


class Queue(list[tuple[str, int]]):
    """What was handed to workers, as (task, id): tests do it by hand, when they choose."""

    def send_task(self, name: str, args: list[int]) -> None:
        self.append((name.rpartition(".")[2], *args))  # type: ignore[arg-type]

    def of(self, task: str) -> list[int]:
        return [pk for name, pk in self if name == task]


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    kept = Queue()
    monkeypatch.setattr("portal.accounts.queue.current_app", kept)
    return kept
