"""A web tier in an attacker's hands writes everything that it can write. The executor does nothing of it, and security hears."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mfadesk.kernel.clock import from_stamp, to_stamp
from mfadesk.kernel.errors import Broken, Refusal
from mfadesk.operations import asking, attest, prove, work_case
from mfadesk.store.commit import load_case
from mfadesk.store.models import Alert, CaseRow, EffectRow, EventRow, PersonRow, RequestRow, StaffKey
from tests.road.people import with_laptop
from tests.road.play import Play


@pytest.fixture
def play(throwaway):
    return Play(throwaway)


@pytest.fixture
def stage(play):
    """A case that waits for proof, and what the provider holds at that moment."""
    hazel, old, case, passkey = with_laptop(play)
    return play, hazel, case, old, passkey, play.redeem(case)


def write(play, case, kind, **body):
    """Write an event as the web tier can: well-formed, chained into the ledger, and nobody checked what it says."""
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "executor")
        draft.emit(kind, **body)
        unit.commit(draft)


def nudge(play, case):
    """Have the executor look at the case, as any request of a page does."""
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "claimant")
        draft.intend("consider", quiet=True)
        unit.commit(draft)
    play.settle()


def forge_effect(play, case, verb, target="", effect="eff_forged", args=None):
    EffectRow.objects.create(
        id=effect, case_id=case, verb=verb, args=args if args is not None else json.dumps({"target": target}), state="due",
        due_at=to_stamp(play.clock.now()), lease_until="",
    )  # fmt: skip
    play.settle()


def acts(play, login):
    """Everything that somebody did to the account at the provider, checks of codes and assertions apart."""
    return [line for line in play.scene.list_audit(login) if line.act not in ("check_code", "finish_assertion")]


def broken(play):
    return Alert.objects.filter(kind="broken").count()


EVIDENCE = {"method": "managed_device_signin", "session": None, "authenticator": None, "by": "claimant", "nonce": "00" * 12}


@pytest.mark.parametrize("receipt", ["", "00" * 32, "garbage"])
def test_evidence_without_a_receipt_of_the_executor_opens_nothing(stage, receipt):
    play, hazel, case, *_ = stage
    write(
        play, case, "evidence_recorded", **EVIDENCE, expires_at=to_stamp(play.clock.now() + timedelta(hours=1)), receipt=receipt
    )
    nudge(play, case)
    assert broken(play)
    assert not play.state(case).verdicts
    assert acts(play, hazel.login) == []


def test_a_receipt_of_one_person_is_worth_nothing_in_the_case_of_another(stage):
    play, _hazel, case, _old, passkey, browser = stage
    browser.confirm()
    browser.prove_with_passkey(passkey)
    real = next(e for e in EventRow.objects.filter(case_id=case) if e.kind == "evidence_recorded")
    rowan = play.person("rowan")
    play.scene.add_authenticator(rowan.login, "totp", "Phone", last_used_at=play.days_ago(2))
    other = play.open(rowan)
    play.answer(other, authenticator="gone", new_device="at_hand", restored="name_only")
    write(play, other, "evidence_recorded", **json.loads(real.body))
    nudge(play, other)
    assert broken(play)
    assert acts(play, rowan.login) == []


def test_a_receipt_counts_only_with_the_browser_that_it_was_made_for(stage):
    play, hazel, case, _old, _passkey, browser = stage
    browser.confirm()
    spare = play.scene.add_authenticator(hazel.login, "totp", "Desk token", on_phone=False)
    prove.prove_with_code(play.desk, browser.session, "totp_existing", play.scene.current_code(spare))
    assert play.state(case).step_kind == "verify"
    write(play, case, "session_bound", session="ses_of_the_attacker")
    nudge(play, case)
    assert broken(play)
    assert acts(play, hazel.login) == []


def test_a_decision_that_the_executor_did_not_sign_leads_to_no_act(stage):
    play, hazel, case, old, *_ = stage
    for signature in ("", "zz", "00" * 64):
        write(
            play, case, "decided", action="replace_authenticator", verdict="allowed", points=200, needed=65, grace_s=0,
            expires_at=to_stamp(play.clock.now() + timedelta(hours=1)), receipts=[], reasons=[], signature=signature,
        )  # fmt: skip
        nudge(play, case)
        assert acts(play, hazel.login) == []
    assert broken(play)
    assert play.authenticator(hazel, old).state == "active"


def test_a_case_that_was_opened_with_a_lower_tier_than_the_directorys_changes_nothing(stage):
    play, hazel, case, _old, passkey, browser = stage
    PersonRow.objects.filter(pk=hazel.id).update(tier="tier0")
    assert play.state(case).tier == "standard"
    browser.confirm()
    browser.prove_with_passkey(passkey)
    assert acts(play, hazel.login) == []
    assert not any(verdict.allowed for verdict in play.state(case).verdicts.values())
    PersonRow.objects.filter(pk=hazel.id).update(tier="standard")
    nudge(play, case)
    assert play.state(case).verdicts["replace_authenticator"].allowed


@pytest.mark.parametrize(
    "verb",
    [
        "remove_old",
        "suspend_old",
        "end_sessions",
        "lift_suspension",
        "suspend_new",
        "discard_new",
        "enrol_new",
        "resync",
        "reset_failures",
        "restore_old",
        "open_account",
        "close_account",
        "end_bypass",
        "format_disk",
    ],
)
@pytest.mark.parametrize("told", [False, True], ids=["row alone", "row and event"])
def test_an_effect_that_nobody_decided_is_parked_and_alarmed(stage, verb, told):
    play, hazel, case, old, *_ = stage
    before = play.scene.holdings(hazel.login)
    if told:
        write(play, case, "effect_intended", effect="eff_forged", verb=verb, target=old, until=to_stamp(play.clock.now()))
    forge_effect(play, case, verb, old)
    assert EffectRow.objects.get(pk="eff_forged").state in ("parked", "done")
    assert play.scene.holdings(hazel.login).authenticators == before.authenticators
    assert acts(play, hazel.login) == []
    if not (verb == "discard_new" and told):
        # With its event a deletion of what is unfinished is harmless: there is nothing unfinished.
        assert Alert.objects.filter(kind__in=["broken", "effect_parked"], case_id=case).exists()


@pytest.mark.parametrize("args", ["", "{", "[]", "null", "{}", '{"target": {"a": 1}}'])
def test_an_effect_that_cannot_be_read_is_parked_once_and_never_comes_back(stage, args):
    play, _hazel, case, *_ = stage
    forge_effect(play, case, "remove_old", args=args)
    assert EffectRow.objects.get(pk="eff_forged").state == "parked"
    forge_effect(play, "case_that_never_was", "remove_old", "x", effect="eff_nowhere")
    assert EffectRow.objects.get(pk="eff_nowhere").state == "parked"


def test_an_effect_aimed_at_what_the_case_does_not_name_is_not_done(stage):
    play, hazel, case, _old, passkey, browser = stage
    spare = play.scene.add_authenticator(hazel.login, "totp", "Desk token", on_phone=False)
    browser.confirm()
    browser.prove_with_passkey(passkey)
    write(
        play, case, "effect_intended", effect="eff_forged", verb="suspend_old", target=spare, until=to_stamp(play.clock.now())
    )
    forge_effect(play, case, "suspend_old", spare)
    assert play.authenticator(hazel, spare).state == "active"
    assert broken(play)


def test_a_desk_key_written_straight_into_the_table_attests_nothing(stage):
    play, _hazel, case, *_ = stage
    StaffKey.objects.create(
        staff_id=play.operator.id,
        credential_id="00" * 16,
        registered_at=play.clock.now(),
        receipt="00" * 32,
    )
    with pytest.raises(Refusal) as refused:
        attest.begin_attestation(play.desk, play.operator, case, "callback_on_file", "passed", "green")
    assert refused.value.code == "no_desk_key"


ANSWER_KEY = bytes(32)


def sealed(play, kind, case, payload):
    """Return a sealed request that nobody has taken yet, as its row."""
    request = asking.new_id("req", play.desk.randomness)
    now = play.desk.now()
    box = asking.seal_request(play.desk, request, kind, case, payload, now, ANSWER_KEY)
    return RequestRow(
        id=request, kind=kind, case_id=case, box=box, state="new", created_at=now, expires_at=now + timedelta(seconds=60)
    )


def answer_of(play, row):
    row.save(force_insert=True)
    play.settle()
    return read_answer(row)


def read_answer(row):
    return asking.open_answer(RequestRow.objects.get(pk=row.id).answer, ANSWER_KEY, row.id)


def test_a_sealed_request_moved_to_another_case_or_kind_is_not_opened(stage):
    play, _hazel, case, *_, browser = stage
    payload = {"session": browser.session.id, "method": "totp_existing", "code": "123456"}
    for change in ({"case_id": "case_of_another"}, {"kind": "enrol"}, {"id": "req_other"}, {"box": b"x"}, {"box": b"x" * 200}):
        row = sealed(play, "prove_code", case, payload)
        for name, value in change.items():
            setattr(row, name, value)
        assert answer_of(play, row)["refused"] == "box_not_ours", change
    assert Alert.objects.filter(kind="forged_request").count() == 5
    assert play.state(case).failures == ()


def test_a_request_that_is_late_or_empty_or_of_no_kind_is_refused(stage):
    play, _hazel, case, *_ = stage
    late = sealed(play, "prove_code", case, {})
    late.expires_at = play.clock.now()
    assert answer_of(play, late)["refused"] == "request_expired"
    empty = sealed(play, "prove_code", case, {})
    empty.box = None
    assert answer_of(play, empty)["refused"] == "request_expired"
    assert answer_of(play, sealed(play, "grant_everything", case, {}))["refused"] == "unknown_request"
    for kind in sorted(play.throwaway.executor.handlers):
        assert set(answer_of(play, sealed(play, kind, case, {}))) & {"refused", "ok"}, kind


def test_an_answer_is_read_by_its_asker_alone_and_made_up_by_nobody(stage):
    play, _hazel, _case, *_ = stage
    row = sealed(play, "checkpoint", "", {})
    assert answer_of(play, row) == {"ok": True}
    text = RequestRow.objects.get(pk=row.id).answer
    assert "ok" not in text
    for key, name in ((bytes(31) + b"x", row.id), (ANSWER_KEY, "req_other")):
        with pytest.raises(Refusal):
            asking.open_answer(text, key, name)
    made_up = asking.open_answer('{"ok": true, "options": {"challenge": "AAAA"}}', ANSWER_KEY, row.id)
    assert set(made_up) == {"refused", "sentence"}


def exchange(one, other, *names):
    for row, source in ((one, other), (other, one)):
        EventRow.objects.filter(pk=row.pk).update(**{name: getattr(source, name) for name in names})


TAMPER = {
    "a changed body": lambda rows: (
        rows[2]
        .__class__.objects.filter(pk=rows[2].pk)
        .update(body=rows[2].body.replace("}", ', "x": 1}') if rows[2].body == "{}" else rows[2].body.replace('"', '"x', 1))
    ),
    "a changed entry": lambda rows: EventRow.objects.filter(pk=rows[2].pk).update(leaf=bytes(rows[3].leaf)),
    "another actor": lambda rows: EventRow.objects.filter(pk=rows[1].pk).update(actor="executor"),
    "another time": lambda rows: EventRow.objects.filter(pk=rows[1].pk).update(at="2026-11-24T00:00:00.000000Z"),
    "two events exchanged": lambda rows: exchange(rows[1], rows[2], "kind", "at", "actor", "body", "fields"),
    "two entries exchanged": lambda rows: exchange(rows[1], rows[2], "leaf"),
    "two events in another order": lambda rows: exchange(rows[1], rows[2], "kind", "at", "actor", "body", "fields", "leaf"),
    "a deleted event": lambda rows: EventRow.objects.filter(pk=rows[2].pk).delete(),
    "a deleted tail": lambda rows: (
        EventRow.objects.filter(pk=rows[-1].pk).delete(),
        CaseRow.objects.filter(pk=rows[-1].case_id).update(seq=len(rows) - 1),
    ),
}


@pytest.mark.parametrize("how", TAMPER)
@pytest.mark.parametrize("restarted", [False, True], ids=["counted before", "counts anew"])
def test_a_ledger_changed_below_its_head_stops_the_executor(stage, how, restarted):
    play, hazel, case, _old, passkey, browser = stage
    browser.confirm()
    browser.prove_with_passkey(passkey)
    executor = play.throwaway.executor
    executor.watch.require_whole(case)
    before = len(acts(play, hazel.login))
    TAMPER[how](list(EventRow.objects.filter(case_id=case).order_by("seq")))
    if restarted:
        executor.watch = type(executor.watch)(executor.desk)
    with pytest.raises(Broken):
        executor.watch.require_whole(case)
    forge_effect(play, case, "remove_old", play.state(case).targets[0] if how in ("another actor", "another time") else "x")
    assert broken(play)
    assert len(acts(play, hazel.login)) == before


def test_an_untouched_ledger_passes_the_same_count(stage):
    play, _hazel, case, *_ = stage
    play.throwaway.executor.watch.require_whole(case)
    assert load_case(case).status == "open"


def test_proof_and_decision_of_before_a_browser_was_voided_come_back_to_nothing(stage):
    """The web tier binds the old browser again and writes back, at their own time, the evidence and the decision that it saw."""
    play, hazel, case, _old, passkey, browser = stage
    browser.confirm()
    browser.prove_with_passkey(passkey)
    assert play.state(case).step_kind == "enrol"
    told = [e for e in EventRow.objects.filter(case_id=case).order_by("seq")]
    work_case.drop_browser(play.desk, play.operator, case)
    play.settle()
    before = acts(play, hazel.login)
    with play.desk.unit() as unit:
        draft = play.desk.draft(unit.load(case), "executor")
        for event in told:
            if event.kind in ("session_bound", "confirmed", "evidence_recorded", "decided"):
                draft.now = from_stamp(event.at)
                draft.emit(event.kind, **json.loads(event.body))
        draft.now = play.clock.now()
        draft.emit("effect_intended", effect="eff_forged", verb="end_sessions", target="", until=to_stamp(draft.now))
        unit.commit(draft)
    assert play.state(case).verdicts["replace_authenticator"].allowed
    forge_effect(play, case, "end_sessions")
    nudge(play, case)
    assert acts(play, hazel.login) == before
    assert broken(play)
