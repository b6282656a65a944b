"""What one viewer is still to be sent. However slow the viewer, it holds the latest only, and never grows far."""

import json
from dataclasses import dataclass, field
from typing import Any

# Beyond these a viewer that does not keep up is told to fetch again instead.
MOST_CHANGED = 200
MOST_SAMPLES = 60
RESYNC = json.dumps({"name": "live-resync", "detail": {}})


@dataclass(frozen=True, slots=True)
class Prepared:
    """An event as every viewer of its group gets it, made JSON once."""

    kind: str
    key: str
    version: int
    parts: tuple[str, ...]

    @classmethod
    def of(cls, message: dict[str, Any]) -> "Prepared | None":
        """None for an event that viewers are not sent."""
        kind = message.get("type", "")
        if kind == "live.html":
            shown = {name: message[name] for name in ("element", "version", "html", "name", "detail")}
            return cls("html", message["element"], int(message["version"]), (json.dumps(shown),))
        if kind == "live.changed":
            text = json.dumps({"name": message["name"], "detail": message["detail"]})
            return cls("changed", text, 0, (text,))
        if kind == "live.samples":
            points = tuple(json.dumps(sample) for sample in message["samples"])
            return cls("samples", message["instance"], 0, points)
        return None


@dataclass(slots=True)
class Outbox:
    html: dict[str, Prepared] = field(default_factory=dict)
    changed: dict[str, None] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)
    pong: bool = False

    def put(self, event: Prepared) -> None:
        if event.kind == "html":
            held = self.html.get(event.key)
            if held is None or held.version <= event.version:
                self.html[event.key] = event
        elif event.kind == "changed":
            self._put_changed(event.key)
        else:
            held_points = self.samples.setdefault(event.key, [])
            held_points.extend(event.parts)
            del held_points[:-MOST_SAMPLES]

    def _put_changed(self, text: str) -> None:
        if len(self.changed) < MOST_CHANGED:
            self.changed[text] = None
        else:
            self.changed = {RESYNC: None}

    @property
    def urgent(self) -> bool:
        """True where something waits that is not held back for others to join it."""
        return bool(self.samples or self.pong)

    @property
    def empty(self) -> bool:
        return not (self.html or self.changed or self.samples or self.pong)

    def take(self, *, all: bool) -> str:
        """The next message as JSON, and forget it; empty text where there is none. Not `all`: what is urgent."""
        parts = []
        if self.pong:
            parts.append('"pong":1')
            self.pong = False
        if self.samples:
            lists = (f"{json.dumps(key)}:[{','.join(points)}]" for key, points in self.samples.items())
            parts.append(f'"samples":{{{",".join(lists)}}}')
            self.samples = {}
        if all and self.html:
            parts.append(f'"html":[{",".join(event.parts[0] for event in self.html.values())}]')
            self.html = {}
        if all and self.changed:
            parts.append(f'"changed":[{",".join(self.changed)}]')
            self.changed = {}
        return f"{{{','.join(parts)}}}" if parts else ""
