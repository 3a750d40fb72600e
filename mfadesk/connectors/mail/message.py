"""What every courier refuses: an address or a subject that could smuggle a header or a second recipient into a message."""

from __future__ import annotations

import hashlib
import re

from mfadesk.kernel.errors import Invalid
from mfadesk.ports.messages import Message

MAX_SUBJECT = 200
MAX_TEXT = 50_000
MAX_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""

# One plain address: no display name, no quotes, no comment, no list. Narrower than RFC 5322 on purpose.
_ADDRESS = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]{1,64}@[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]{1,253}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def require_message(message: Message) -> None:
    """Return if the message can be sent as it stands. Raises Invalid.

    Source: RFC 5322 §2.2 (header fields end at CRLF), RFC 5321 §4.1.2.
    """
    if len(message.to) > MAX_ADDRESS or not _ADDRESS.fullmatch(message.to):
        raise Invalid("to", "This is not one plain mail address.")
    if not message.subject or len(message.subject) > MAX_SUBJECT or _CONTROL.search(message.subject):
        raise Invalid("subject", f"A subject is one line of 1 to {MAX_SUBJECT} characters.")
    if not message.text or len(message.text) > MAX_TEXT or "\x00" in message.text:
        raise Invalid("text", f"A text has 1 to {MAX_TEXT} characters and no NUL.")
    if not message.key:
        raise Invalid("key", "A message needs a key, so that a repetition can be told.")


def message_id(key: str, domain: str) -> str:
    """Return a Message-ID made from the key alone: a repetition has the same. Source: RFC 5322 §3.6.4."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"
