"""Signatures of playbooks, as the standard has them: its own form, which borrows names from JOSE and is no JWS.

What is signed is the lower-case hexadecimal text of the hash of the canonical playbook, in which the one signature stands
without its `value` and no other does. A key that travels in the document proves that nothing was changed since, and not who
signed: only a key that the reader named beforehand says that. Nothing is ever fetched.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from mfadesk.kernel.canonical import canonical_json
from mfadesk.kernel.errors import Invalid
from mfadesk.runbook.cacao.names import make_id, read_time, write_time

MAX_SIGNATURES = 8
_HASHES = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}
_JOSE: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_Key = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

State = Literal["verified", "unknown signer", "wrong", "over", "cannot be checked"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One signature of a playbook: who is said to have signed, what became of it, and why, in a sentence."""

    signee: str
    state: State
    sentence: str


def sign_playbook(playbook: Mapping[str, Any], key: ed25519.Ed25519PrivateKey, signee: str, at: datetime) -> dict[str, Any]:
    """Return the playbook with one more signature. Source: CACAO 2.0 §10.15; RFC 8785; RFC 8032."""
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    signature = {
        "type": "jss",
        "id": make_id("jss", playbook["id"], playbook["modified"], public.hex()),
        "created_by": playbook["created_by"],
        "created": write_time(at),
        "modified": write_time(at),
        "signee": signee,
        "related_to": playbook["id"],
        "related_version": playbook["modified"],
        "hash_algorithm": "sha-256",
        "algorithm": "Ed25519",
        "public_key": base64.b64encode(public).decode(),
    }
    value = key.sign(_message(playbook, signature, "sha-256"))
    signed = signature | {"value": base64.urlsafe_b64encode(value).decode().rstrip("=")}
    return {**playbook, "signatures": [*playbook.get("signatures", ()), signed]}


def judge_signatures(playbook: Mapping[str, Any], trusted: Sequence[bytes], now: datetime) -> tuple[Judged, ...]:
    """Return what became of each signature. `trusted` are public keys (SubjectPublicKeyInfo, DER) that the reader named.

    Raises Invalid where `signatures` is no short list of signatures.
    """
    signatures = playbook.get("signatures", [])
    if not isinstance(signatures, list) or len(signatures) > MAX_SIGNATURES:
        raise Invalid("signatures", f"a list of at most {MAX_SIGNATURES} signatures belongs here")
    judged = []
    for at, signature in enumerate(signatures):
        if not isinstance(signature, dict):
            raise Invalid(f"signatures/{at}", "a signature is an object")
        signee = str(signature.get("signee", "somebody unnamed"))[:120]
        judged.append(Judged(signee, *_judge(playbook, signature, trusted, now)))
    return tuple(judged)


def _judge(
    playbook: Mapping[str, Any], signature: dict[str, Any], trusted: Sequence[bytes], now: datetime
) -> tuple[State, str]:
    try:
        key = _key_of(signature)
        value = base64.urlsafe_b64decode(str(signature["value"]) + "==")
        message = _message(playbook, signature, str(signature.get("hash_algorithm")))
        _verify(key, str(signature.get("algorithm")), value, message)
    except _Unreadable as error:
        return "cannot be checked", str(error)
    except (KeyError, binascii.Error, ValueError, TypeError, UnsupportedAlgorithm) as error:
        return "cannot be checked", f"it is not in the form that the standard asks for ({error})"
    except InvalidSignature:
        return "wrong", "it does not fit the playbook: one of the two was changed"
    if signature.get("related_to") != playbook.get("id") or signature.get("related_version") != playbook.get("modified"):
        return "wrong", "it was made for another playbook, or for another version of it"
    if signature.get("revoked") is True:
        return "over", "its signer has taken it back"
    since, until = (
        read_time(signature[bound], f"signatures/{bound}") if bound in signature else None
        for bound in ("valid_from", "valid_until")
    )
    if (since and now < since) or (until and now >= until):
        return "over", "it does not count at this time"
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if der in trusted:
        return "verified", "it fits, and its key is one that you named"
    return "unknown signer", "it fits, but its key is none that you named: it does not say who signed"


class _Unreadable(Exception):
    pass


def _key_of(signature: Mapping[str, Any]) -> _Key:
    if "public_key" in signature:
        key = serialization.load_der_public_key(base64.b64decode(str(signature["public_key"])))
    elif signature.get("public_cert_chain"):
        key = x509.load_der_x509_certificate(base64.b64decode(str(signature["public_cert_chain"][0]))).public_key()
    else:
        raise _Unreadable("its key is not in the document, and nothing is fetched")
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise _Unreadable("its kind of key is not read here")
    return key


def _message(playbook: Mapping[str, Any], signature: Mapping[str, Any], hash_name: str) -> bytes:
    if hash_name not in _HASHES:
        raise _Unreadable(f'its hash "{hash_name}" is not read here')
    bare = {name: value for name, value in signature.items() if name != "value"}
    text = canonical_json({**playbook, "signatures": [bare]})
    return _HASHES[hash_name](text).hexdigest().encode("ascii")


def _verify(key: _Key, algorithm: str, value: bytes, message: bytes) -> None:
    """Raises InvalidSignature where `value` is no signature of `message`. Source: RFC 7518 §3; RFC 8032."""
    if algorithm == "Ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(value, message)
        return
    hashing = _JOSE.get(algorithm[2:])
    if hashing and algorithm.startswith("RS") and isinstance(key, rsa.RSAPublicKey):
        key.verify(value, message, padding.PKCS1v15(), hashing)
    elif hashing and algorithm.startswith("PS") and isinstance(key, rsa.RSAPublicKey):
        key.verify(value, message, padding.PSS(padding.MGF1(hashing), hashing.digest_size), hashing)
    elif hashing and algorithm.startswith("ES") and isinstance(key, ec.EllipticCurvePublicKey):
        half = len(value) // 2
        der = utils.encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
        key.verify(der, message, ec.ECDSA(hashing))
    else:
        raise _Unreadable(f'its algorithm "{algorithm[:24]}" is not read here with such a key')
