"""The metrics agent inside a guest: samples, keeps what it could not send, and pushes it signed."""

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from portal.democloud.guest_http import Answer, HttpClient, Unreachable
from portal.democloud.guest_load import Usage
from portal.democloud.guest_userdata import AgentConfig

KEEP_SECONDS = 600
MAX_SAMPLES = 120
MAX_BACKOFF = 60.0


@dataclass
class Agent:
    config: AgentConfig
    backlog: deque[dict[str, Any]] = field(default_factory=deque)
    interval: float = 0.0
    clock_offset: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    sending: bool = False
    _last: tuple[float, Usage] | None = None

    def __post_init__(self) -> None:
        self.interval = self.interval or self.config.interval

    def take(self, usage: Usage, now: float) -> None:
        """Note a sample; forget what is older than ten minutes."""
        self.backlog.append(sample(usage, now, self._last))
        self._last = (now, usage)
        while self.backlog and self.backlog[0]["t"] < now - KEEP_SECONDS:
            self.backlog.popleft()

    async def push(self, client: HttpClient, now: float) -> None:
        """Send what is due, oldest first. One push at a time; what was not taken is kept."""
        if self.sending or not self.backlog or now < self.not_before:
            return
        self.sending = True
        try:
            batch = [self.backlog[i] for i in range(min(MAX_SAMPLES, len(self.backlog)))]
            body = json.dumps({"v": 1, "samples": batch}, separators=(",", ":")).encode()
            headers = signed_headers(self.config, body, now + self.clock_offset)
            self._settle(await client.post(self.config.url, headers, body), batch, now)
        except Unreachable:
            self._back_off(now)
        finally:
            self.sending = False

    def _settle(self, answer: Answer, batch: list[dict[str, Any]], now: float) -> None:
        told = _json_object(answer.body)
        if answer.status == 202 or answer.status == 413:  # 413: the same bytes would be refused again
            for _ in batch:
                self.backlog.popleft()
            self.failures = 0
            self.interval = _number(told.get("interval"), self.interval, 0.2, 3600)
        elif answer.status == 401 and "now" in told:
            self.clock_offset = _number(told["now"], now, 0, 1e11) - now
            self._back_off(now)
        else:
            self._back_off(now, _number(answer.headers.get("retry-after"), 0.0, 0, 3600))

    def _back_off(self, now: float, at_least: float = 0.0) -> None:
        self.failures += 1
        self.not_before = now + max(at_least, min(MAX_BACKOFF, self.interval * 2 ** min(self.failures, 6)))


def sample(usage: Usage, now: float, before: tuple[float, Usage] | None) -> dict[str, Any]:
    """One sample as docs/architecture.md gives it ("Metrics agent"); rates need the sample before."""
    seconds = now - before[0] if before else 0.0
    received = usage.net_rx_bytes - before[1].net_rx_bytes if before else 0
    sent = usage.net_tx_bytes - before[1].net_tx_bytes if before else 0
    read = usage.disk_read_bytes - before[1].disk_read_bytes if before else 0
    written = usage.disk_write_bytes - before[1].disk_write_bytes if before else 0
    return {
        "t": round(now, 3),
        "cpu": usage.cpu,
        "ram": round(usage.ram, 1),
        "disk": round(usage.disk, 1),
        "gpus": [{"util": g.util, "mem": round(100 * g.mem_used_mb / g.mem_total_mb, 1)} for g in usage.gpus]
        or None,
        "net_in": round(received / seconds) if seconds > 0 else 0,
        "net_out": round(sent / seconds) if seconds > 0 else 0,
        "disk_read": round(read / seconds) if seconds > 0 else 0,
        "disk_write": round(written / seconds) if seconds > 0 else 0,
        "logins": usage.logins,
    }


def signed_headers(config: AgentConfig, body: bytes, now: float) -> dict[str, str]:
    moment = str(int(now))
    signature = hmac.new(config.key.encode(), moment.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "heliosphere-agent/1",
        "X-Helio-Instance": config.instance,
        "X-Helio-Time": moment,
        "X-Helio-Signature": signature,
    }


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: object, otherwise: float, least: float, most: float) -> float:
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return otherwise
    return found if least <= found <= most else otherwise
