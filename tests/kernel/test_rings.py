"""A ring of keys: the newest seals, the older ones still open, and what was taken out opens nothing."""

from __future__ import annotations

import pytest

from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.kernel.sealing import (
    Ring,
    all_of,
    authenticate,
    decrypt,
    encrypt,
    is_authentic,
    is_signed,
    public_key_of,
    seal,
    sign,
    unseal,
    verify_key_of,
)

RANDOM = SeededRandomness(7)
OLD, NEW = RANDOM.bytes(32), RANDOM.bytes(32)
RING = Ring(NEW, [OLD])


def test_what_an_old_key_sealed_is_opened_by_its_ring_and_by_no_other():
    assert decrypt(encrypt(b"seed", OLD, "c", RANDOM), RING, "c") == b"seed"
    assert unseal(seal(b"code", public_key_of(OLD), "c", RANDOM), RING, "c") == b"code"
    assert is_authentic(b"said", RING, authenticate(b"said", OLD))
    assert is_signed(b"said", sign(b"said", OLD), verify_key_of(RING))
    with pytest.raises(Refusal):
        decrypt(encrypt(b"seed", OLD, "c", RANDOM), Ring(NEW), "c")
    with pytest.raises(Refusal):
        unseal(seal(b"code", public_key_of(OLD), "c", RANDOM), Ring(NEW), "c")
    assert not is_authentic(b"said", Ring(NEW), authenticate(b"said", OLD))
    assert not is_signed(b"said", sign(b"said", OLD), verify_key_of(Ring(NEW)))


def test_the_newest_key_alone_seals_signs_and_authenticates():
    assert decrypt(encrypt(b"seed", RING, "c", RANDOM), NEW, "c") == b"seed"
    assert unseal(seal(b"code", public_key_of(RING), "c", RANDOM), NEW, "c") == b"code"
    assert authenticate(b"said", RING) == authenticate(b"said", NEW)
    assert is_signed(b"said", sign(b"said", RING), verify_key_of(NEW))


def test_a_ring_does_not_print_its_keys():
    assert str(NEW) not in f"{RING} {RING!r}"
    assert all_of(RING) == (NEW, OLD)
