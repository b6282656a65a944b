"""Log lines carry the request's id and never a secret."""

import logging
import re
from contextvars import ContextVar

_request_id: ContextVar[str] = ContextVar("request_id", default="-")
# What follows such a name, up to the end of the quoted text or of the word, is nobody's business.
_NAMES = (
    "authorization|x-auth-token|x-subject-token|secret|password|passphrase|private_key|token|cookie|sessionid"
)
_SECRET = re.compile(
    rf"(?i)((?:{_NAMES})[\"']?\s*[=:]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|(?:(?:bearer|basic|negotiate)\s+)?[^\s\"',&;}]+)"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL
)
# Secrets that are known by their own looks: sealed texts and Keystone's tokens, and our API tokens.
_FERNET = re.compile(r"gAAAA[\w-]{20,}={0,2}")
_API_TOKEN = re.compile(r"helio_[\w-]{8,}")
# What would begin a new line, which then could be anything, or speak to the terminal that shows it.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_formatter = logging.Formatter()


def current_request_id() -> str:
    return _request_id.get()


def set_request_id(value: str) -> None:
    _request_id.set(value)


def redact(text: str) -> str:
    text = _PRIVATE_KEY.sub("[private key]", text)
    return _API_TOKEN.sub("[token]", _FERNET.sub("[sealed]", _SECRET.sub(r"\1[secret]", text)))


def one_line(text: str) -> str:
    """A message is one line: names, paths and answers of strangers stand in it."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True


class RedactFilter(logging.Filter):
    """A second line of defence: no code here logs secrets, libraries might. Tracebacks quote values too."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = one_line(redact(text))
        if clean != text:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            # Formatters take this text in place of making their own.
            record.exc_text = _formatter.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
