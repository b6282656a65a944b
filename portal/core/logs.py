"""Log lines carry the request's id and never a secret."""

import logging
import re
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_SECRET = re.compile(
    r"(?i)((?:authorization|x-auth-token|x-subject-token|secret|password|passphrase|private_key|access_token|id_token|token)"
    r"[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+)?[^\s\"',&}]+"
)
_FERNET = re.compile(r"gAAAA[\w-]{20,}={0,2}")


def current_request_id() -> str:
    return _request_id.get()


def set_request_id(value: str) -> None:
    _request_id.set(value)


def redact(text: str) -> str:
    return _FERNET.sub("[sealed]", _SECRET.sub(r"\1[secret]", text))


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True


class RedactFilter(logging.Filter):
    """A second line of defence: no code here logs secrets, libraries might."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = redact(text)
        if clean != text:
            record.msg, record.args = clean, None
        return True
