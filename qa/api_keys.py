"""The keys that asking needs, known by their digests alone."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field

SHORTEST_SECRET = 16
_HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")


def digest_of(secret: bytes) -> bytes:
    """SHA-256. Secrets here are long and made by chance, so that nothing slower is needed against guessing them."""
    return hashlib.sha256(secret).digest()


@dataclass(frozen=True)
class ApiKeys:
    """The digests of the keys; none of them: asking is open to everyone. Not even those are shown by ``repr``."""

    digests: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, value: object) -> ApiKeys:
        """Keys as QA_API_KEYS holds them: separated by commas, each in clear or as ``sha256:`` and 64 digits.

        Raises:
            ValueError: there is one that is too short or malformed; the message says which, not what it is.
        """
        if isinstance(value, ApiKeys):
            return value
        text = str(value).strip()
        entries = [entry.strip() for entry in text.split(",")]
        digests = [_digest(number, entry) for number, entry in enumerate(entries, 1) if entry]
        if text and not digests:
            raise ValueError("it holds commas and no key; write the keys between them, or leave it empty")
        return cls(tuple(dict.fromkeys(digests)))

    def __bool__(self) -> bool:
        return bool(self.digests)

    def find(self, sent: bytes) -> bytes | None:
        """The digest of the key that was sent, None if it is no key. Takes as long whichever it is."""
        digest, found = digest_of(sent), None
        for known in self.digests:
            if hmac.compare_digest(known, digest):
                found = known
        return found

    def hashed(self) -> str:
        """What `parse` reads as the same keys, without their clear text."""
        return ",".join(f"sha256:{digest.hex()}" for digest in self.digests)


def _digest(number: int, entry: str) -> bytes:
    if entry.lower().startswith("sha256:"):
        hashed = _HASHED.fullmatch(entry)
        if hashed is None:
            raise ValueError(f"key {number} begins with sha256:, which 64 hexadecimal digits must follow, and no more")
        return bytes.fromhex(hashed[1])
    if len(entry) < SHORTEST_SECRET:
        raise ValueError(
            f"key {number} has {len(entry)} characters and needs at least {SHORTEST_SECRET}; "
            "openssl rand -hex 24 makes a good one"
        )
    return digest_of(entry.encode())
