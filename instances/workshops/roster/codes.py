"""Codes that people read from a slide or a slip of paper and type. Pure.

Ten letters of 32 (Crockford's, in which no two look alike) are 50 bits: with ten wrong ones in ten minutes nobody
guesses one of a thousand that are good.
"""

import hashlib
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_MEANT = str.maketrans("OIL", "011")


def new() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def tidy(given: str) -> str:
    """As it was made, however it was typed; empty for what can be no code."""
    bare = "".join(letter for letter in given[:60] if letter.isascii() and letter.isalnum()).upper()
    meant = bare.translate(_MEANT)
    return meant if len(meant) == LENGTH and set(meant) <= set(ALPHABET) else ""


def shown(code: str) -> str:
    """In two halves, as people read them out."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def digest(purpose: str, code: str) -> str:
    return hashlib.sha256(f"workshop {purpose} {code}".encode()).hexdigest()
