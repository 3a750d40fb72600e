"""Sealed boxes, message authentication and signatures, each a few lines over the `cryptography` package.

A sealed box is X25519 with a fresh sender key, HKDF-SHA256 and AES-256-GCM: whoever can write to a table can put a box in, and
only the holder of the private key can open it. `context` names what the box is for; a box moved elsewhere does not open.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import Randomness

_OVERHEAD = 32 + 12


class Ring(bytes):
    """The key in use, which seals; its `older` ones still open what they sealed, until they are taken out of the ring.

    It is the newest key's bytes, so whatever seals, signs or authenticates need not know that there are others.

    >>> ring = Ring(b"new", older=(b"old",))
    >>> bytes(ring), all_of(ring), all_of(b"alone")
    (b'new', (b'new', b'old'), (b'alone',))
    """

    older: tuple[bytes, ...]

    def __new__(cls, newest: bytes, older: Iterable[bytes] = ()) -> Self:
        made = super().__new__(cls, newest)
        made.older = tuple(older)
        return made

    def __repr__(self) -> str:
        return "Ring(•••)"

    __str__ = __repr__


def all_of(key: bytes) -> tuple[bytes, ...]:
    """Return every key of a ring, the newest first; a key that is no ring is alone."""
    return (bytes(key), *getattr(key, "older", ()))


def derive_key(secret: bytes, purpose: str, length: int = 32) -> bytes:
    """Return a key for one purpose. Source: RFC 5869."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=b"mfadesk/" + purpose.encode()).derive(secret)


def public_key_of(private: bytes) -> bytes:
    """Return the 32-byte X25519 public key of a 32-byte private key."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(plain: bytes, public: bytes, context: str, randomness: Randomness) -> bytes:
    """Return `plain` sealed to the holder of `public`'s private key, for `context` alone. Source: RFC 7748, RFC 5869."""
    ephemeral = X25519PrivateKey.from_private_bytes(randomness.bytes(32))
    sender = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    nonce = randomness.bytes(12)
    key = derive_key(shared + sender + public, "box/" + context)
    return sender + nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal(box: bytes, private: bytes, context: str) -> bytes:
    """Return what was sealed to `private`, or to an older key of its ring.

    Raises Refusal ``box_not_ours`` for a box that was changed, moved, or sealed to another key.
    """
    if len(box) < _OVERHEAD + 16:
        raise Refusal("box_not_ours", "A sealed message could not be opened.")
    sender, nonce, body = box[:32], box[32:44], box[44:]

    def attempt(one: bytes) -> bytes:
        shared = X25519PrivateKey.from_private_bytes(one).exchange(X25519PublicKey.from_public_bytes(sender))
        key = derive_key(shared + sender + public_key_of(one), "box/" + context)
        return AESGCM(key).decrypt(nonce, body, context.encode())

    return _open_with(private, attempt, "A sealed message could not be opened.")


def encrypt(plain: bytes, key: bytes, context: str, randomness: Randomness) -> bytes:
    """Return `plain` under a 32-byte key, bound to `context` (AES-256-GCM, random 96-bit nonce in front)."""
    nonce = randomness.bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def decrypt(box: bytes, key: bytes, context: str) -> bytes:
    """Return what `encrypt` took, under this key or an older one of its ring. Raises Refusal ``box_not_ours``."""

    def attempt(one: bytes) -> bytes:
        return AESGCM(one).decrypt(box[:12], box[12:], context.encode())

    return _open_with(key, attempt, "A stored secret could not be opened with this key.")


def opens(box: bytes, key: bytes, context: str) -> bool:
    """Return whether exactly this key, and no older one, opens what `encrypt` made."""
    try:
        AESGCM(bytes(key)).decrypt(box[:12], box[12:], context.encode())
    except (InvalidTag, ValueError):
        return False
    return True


def _open_with(ring: bytes, attempt: Callable[[bytes], bytes], sentence: str) -> bytes:
    for key in all_of(ring):
        try:
            return attempt(key)
        except (InvalidTag, ValueError):
            continue
    raise Refusal("box_not_ours", sentence)


def authenticate(message: bytes, key: bytes) -> str:
    """Return the HMAC-SHA256 of `message` as hex. Source: RFC 2104."""
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def is_authentic(message: bytes, key: bytes, code: str) -> bool:
    """Return whether `code` is the message's under this key or an older one of its ring, in constant time."""
    return any([hmac.compare_digest(authenticate(message, one), code) for one in all_of(key)])


def sign(message: bytes, private: bytes) -> bytes:
    """Return the 64-byte Ed25519 signature. Source: RFC 8032."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def verify_key_of(private: bytes) -> bytes:
    """Return the 32-byte Ed25519 public key; of a ring, the ring of them."""
    first, *older = (Ed25519PrivateKey.from_private_bytes(one).public_key().public_bytes_raw() for one in all_of(private))
    return Ring(first, older)


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Return whether `signature` is `public`'s over `message`, or an older key's of its ring."""
    for one in all_of(public):
        try:
            Ed25519PublicKey.from_public_bytes(one).verify(signature, message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False
