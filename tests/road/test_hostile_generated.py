"""Every kind of receipt, decision and question there is, each changed in every way: refused, and security hears.

What a kind is comes from the code itself (`BODY_OF`, the executor's handlers), so that a new one is tried without being named here,
or fails until somebody has thought about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfadesk.assurance.policy import load_policy
from mfadesk.cases.events import BODY_OF, Event
from mfadesk.cases.state import apply, fold
from mfadesk.executor.authority import SigningAuthority, require_own_verdict
from mfadesk.executor.receipts import (
    mint,
    mint_approval,
    mint_ask,
    mint_mark,
    mint_second,
    require_genuine,
    require_genuine_approval,
    require_genuine_ask,
    require_mark,
    require_used_once,
)
from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Broken
from mfadesk.kernel.ids import SeededRandomness
from mfadesk.operations import asking
from mfadesk.store.models import Alert, RequestRow
from tests.road.play import Play

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY, SIGN, OTHER_KEY = b"k" * 32, b"s" * 32, b"o" * 32
RANDOM = SeededRandomness(1)
POLICY = load_policy()
IN_AN_HOUR = to_stamp(NOW + timedelta(hours=1))


def case_of(case_id="case_a", person="p_hazel", session="ses_a"):
    opened = {
        "subject": person, "tier": "standard", "break_glass": False, "employment": "active", "goal": "replace_device",
        "channel": "phone", "caller": "subject", "runbook": "r", "runbook_digest": "d", "policy_digest": "p",
    }  # fmt: skip
    told = [
        Event("case_opened", NOW, "staff:1", opened),
        Event("session_bound", NOW, "claimant", {"session": session}),
        Event("targets_set", NOW, "executor", {"targets": ["a1"], "used_at": None, "survivors": []}),
    ]
    return fold(case_id, told)


def evidence(state):
    return mint(
        KEY, state, method="in_person_badge", now=NOW, policy=POLICY, by="staff:1", session=state.session, authenticator=None,
        randomness=RANDOM,
    )  # fmt: skip


def decision(state):
    body = {
        "action": "replace_authenticator", "verdict": "allowed", "points": 70, "needed": 65, "grace_s": 0, "expires_at": IN_AN_HOUR,
        "receipts": ["r"], "reasons": ["none"],
    }  # fmt: skip
    return SigningAuthority(None, Keys(), None, None, None)._sign(state, NOW, body)


@dataclass
class Keys:
    receipt: bytes = KEY
    checkpoint_sign: bytes = SIGN


def marked(kind, about, **body):
    return (
        lambda state: mint_mark(KEY, state, kind, body, NOW, RANDOM),
        lambda state, key: require_mark(key, state, kind, about),
    )


def check_pieces(state, key):
    for piece in state.pieces:
        require_genuine(key, state, piece)


def check_decision(state, key):
    require_own_verdict(Keys(checkpoint_sign=SIGN if key == KEY else OTHER_KEY), state, state.verdicts["replace_authenticator"])


RECEIPTS = {
    "evidence_recorded": (evidence, check_pieces),
    "second_attested": (
        lambda state: mint_second(KEY, state, method="in_person_badge", by="staff:2", now=NOW, randomness=RANDOM),
        check_pieces,
    ),
    "approvals_asked": (
        lambda state: mint_ask(
            KEY, state, {"action": "a", "over": "o", "needed": 1, "asked": ["3"], "since": to_stamp(NOW), "until": IN_AN_HOUR,
                         "then": "refused", "owner": "approver"}, NOW, RANDOM,
        ),
        lambda state, key: require_genuine_ask(key, state, state.ask),
    ),
    "approval_given": (
        lambda state: mint_approval(
            KEY, state, action="a", by="staff:3", over="o", expires_at=NOW + timedelta(hours=1), now=NOW, randomness=RANDOM
        ),
        lambda state, key: require_genuine_approval(key, state, state.approvals[-1]),
    ),
    "voucher_asked": marked("voucher_asked", "p_maple", voucher="p_maple", which="manager", until=IN_AN_HOUR),
    "voucher_answered": marked("voucher_answered", "p_maple", voucher="p_maple", statement="in_person", session="ses_a"),
    "second_asked": marked("second_asked", "in_person_badge", method="in_person_badge", staff="2", until=IN_AN_HOUR),
    "called_back": marked("called_back", "staff:1", by="staff:1", how="exchange", session="ses_a"),
    "bypass_looked_at": marked("bypass_looked_at", "eff_b", bypass="eff_b", by="staff:4"),
    "decided": (decision, check_decision),
}  # fmt: skip
STOPS_ONLY = {"approval_refused"}
"""A no that nobody signed ends a case without a change, which the web tier can do anyway."""


def place(kind):
    """Return a case as it stands before an event of `kind`, and that event's genuine body."""
    state = case_of()
    if kind == "second_attested":
        state = apply(state, Event("evidence_recorded", NOW, "executor", evidence(state)))
    return state, RECEIPTS[kind][0](state)


def check(kind, state, key=KEY):
    RECEIPTS[kind][1](state, key)


def changed(name, value):
    """Return something else of the same form."""
    if isinstance(value, bool) or value is None:
        return "x"
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [*value, "x"]
    if name in ("expires_at", "until", "since"):
        return to_stamp(from_stamp(value) + timedelta(seconds=1))
    if name == "verdict":
        return "refused"
    return value[:-1] + ("0" if value[-1] != "0" else "1") if name in ("receipt", "signature", "nonce") else value + "x"


def test_every_kind_that_carries_a_receipt_or_a_signature_is_tried_here():
    carrying = {kind for kind, keys in BODY_OF.items() if keys & {"receipt", "signature"}}
    assert carrying == RECEIPTS.keys() | STOPS_ONLY


@pytest.mark.parametrize("kind", RECEIPTS)
def test_a_genuine_one_stands(kind):
    state, body = place(kind)
    check(kind, apply(state, Event(kind, NOW, "executor", body)))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in RECEIPTS for name in sorted(BODY_OF[kind])])
def test_whatever_is_changed_in_it_counts_for_nothing(kind, name):
    state, body = place(kind)
    forged = {**body, name: changed(name, body[name])}
    with pytest.raises((Broken, KeyError)):
        check(kind, apply(state, Event(kind, NOW, "executor", forged)))
        assert state.pieces and kind == "second_attested" and name == "method", "it was taken"
        raise Broken("attests a piece that the case does not have")


@pytest.mark.parametrize("kind", RECEIPTS)
@pytest.mark.parametrize("how", ["late", "early", "case", "person", "key"])
def test_it_stands_for_its_moment_its_case_its_person_and_its_key_alone(kind, how):
    state, body = place(kind)
    at = NOW + {"late": timedelta(seconds=1), "early": timedelta(seconds=-1)}.get(how, timedelta())
    moved = replace(state, id="case_b") if how == "case" else replace(state, subject="p_rowan") if how == "person" else state
    with pytest.raises(Broken):
        check(kind, apply(moved, Event(kind, at, "executor", body)), OTHER_KEY if how == "key" else KEY)


@pytest.mark.parametrize("kind", sorted(RECEIPTS))
@pytest.mark.parametrize("between", [None, "thawed", "browser_dropped", "reopened"])
def test_none_counts_a_second_time_whatever_voided_it_in_between(kind, between):
    state, body = place(kind)
    state = apply(state, Event(kind, NOW, "executor", body))
    if between:
        state = apply(state, Event(between, NOW, "staff:1", {}))
        state = apply(state, Event("session_bound", NOW, "claimant", {"session": "ses_a"}))
    require_used_once(state)
    with pytest.raises(Broken, match="used before"):
        require_used_once(apply(state, Event(kind, NOW, "executor", body)))


@given(st.sampled_from(sorted(RECEIPTS)), st.sampled_from(sorted(RECEIPTS)))
def test_a_receipt_of_one_kind_is_none_of_another(kind, other):
    state, body = place(kind)
    _state, theirs = place(other)
    word = "signature" if kind == "decided" else "receipt"
    if kind == other or word not in theirs:
        return
    with pytest.raises(Broken):
        check(kind, apply(state, Event(kind, NOW, "executor", {**body, word: theirs[word]})))


# ------------------------------------------------------------------ questions


ANSWER_KEY = bytes(32)


def put(play, kind, case="case_a", box=None, name=None, until_s=60, row_s=60):
    """Put a question into the table as the web tier can, let the executor work, and return its answer."""
    name = name or asking.new_id("req", play.desk.randomness)
    now = play.desk.now()
    asked_at = now - timedelta(seconds=60 - until_s)
    box = box or asking.seal_request(play.desk, name, kind, case, {}, asked_at, ANSWER_KEY)
    RequestRow.objects.filter(pk=name).delete()
    row = RequestRow.objects.create(
        id=name, kind=kind, case_id=case, box=box, state="new", created_at=now, expires_at=now + timedelta(seconds=row_s)
    )
    play.settle()
    return row, asking.open_answer(RequestRow.objects.get(pk=row.id).answer, ANSWER_KEY, row.id)


def alarms(kind):
    return Alert.objects.filter(kind=kind).count()


def test_a_question_of_any_kind_is_answered_once_in_its_own_place_and_in_its_time(throwaway):
    play = Play(throwaway)
    kinds = sorted(throwaway.executor.handlers)
    assert len(kinds) > 25
    for kind, other in zip(kinds, kinds[1:] + kinds[:1], strict=True):
        before = alarms("replayed"), alarms("forged_request")
        row, _first = put(play, kind)
        _row, again = put(play, kind, box=bytes(row.box), name=row.id)
        assert again["refused"] == "request_replayed", kind
        for swapped in (
            put(play, other, box=bytes(row.box), name=row.id),
            put(play, kind, case="case_b", box=bytes(row.box), name=row.id),
            put(play, kind, box=bytes(row.box)),
            put(play, kind, box=bytes(row.box)[:-1] + bytes([bytes(row.box)[-1] ^ 1]), name=row.id),
            put(play, kind, box=b"x" * 200),
        ):
            assert swapped[1]["refused"] == "box_not_ours", kind
        assert (alarms("replayed"), alarms("forged_request")) == (before[0] + 1, before[1] + 5), kind
        # A question that ran out is no attack; a row that says it did not is.
        assert put(play, kind, until_s=0, row_s=0)[1]["refused"] == "request_expired"
        assert alarms("forged_request") == before[1] + 5
        throwaway.executor._since = play.desk.now() - timedelta(hours=1)
        assert put(play, kind, until_s=0, row_s=3_600)[1]["refused"] == "request_expired"
        assert alarms("forged_request") == before[1] + 6, kind
