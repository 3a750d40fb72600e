"""Who is on shift and how a stage is set: the directory, the accounts and what works for the person in one world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from mfadesk.cli.drills.approvers import hire_approver
from mfadesk.cli.drills.stage import ATTESTED, PROVIDER, VOUCHED, Shift, Staff, Stage, World, mail_of
from mfadesk.cli.throwaway import Throwaway, enlist
from mfadesk.connectors.lab.records import MAX_FAILURES
from mfadesk.operations import call_back
from mfadesk.operations.judgement import BY_SERVICE
from mfadesk.operations.people import get_person
from mfadesk.ports.provider import AuthenticatorKind
from mfadesk.store.models import ContactRow, PersonRow

EMPLOYMENT: Mapping[str, str] = {
    "first_day": "starts", "returning": "on_leave", "third_party": "third_party", "on_leave": "on_leave",
}  # fmt: skip
"""The directory's word for what a situation says of somebody's employment; every other word is `active`."""

OLD: Mapping[str, tuple[AuthenticatorKind, str, bool]] = {
    "hardware_token": ("hotp", "Old token", False),
    "key": ("security_key", "Old key", False),
}
"""What the old device is, by the situation's `kind`; an app on a phone otherwise."""

REPORTED_WITH = ("managed_device_signin", "idv_gov_id")
"""What a loss was reported with, one after the other as far as policy asks."""

AN_HOUR_S = 3_600
MAX_TURNS = 30

OPERATORS = ("drill-one", "drill-two")
APPROVERS = ("drill-three", "drill-four", "drill-five")


def hire(throwaway: Throwaway) -> Shift:
    """Return who is on shift, their desk keys registered through the executor."""
    first, second = (Staff(*enlist(throwaway, login, ["operator"])) for login in OPERATORS)
    shift = Shift((first, second), tuple(hire_approver(throwaway, login) for login in APPROVERS))
    throwaway.seal_directory()
    return shift


def set_stage(
    throwaway: Throwaway,
    shift: Shift,
    world: World,
    *,
    tier: str,
    employment: str,
    kind: str,
) -> Stage:
    """Return the stage of one play.

    employment, kind: as the situation says; a word that nobody knows is `active`, or an app on a phone.
    """
    now, usable, scene = throwaway.clock.now(), world.methods, throwaway.scene
    since = None if world.settled_days is None else now - timedelta(days=world.settled_days)
    manager = _add(throwaway, "manager", "standard", "active", None) if usable & {"manager_portal", "peer_vouch"} else None
    row = _add(throwaway, "person", tier, EMPLOYMENT.get(employment, "active"), manager.id if manager else None)
    PersonRow.objects.filter(pk=row.id).update(manager_since=since if manager else None, photo_since=since)
    ContactRow.objects.create(person_id=row.id, kind="personal_mail", value="person@home.example", since=since)
    if usable & {"callback_on_file", "sms_code"}:
        ContactRow.objects.create(person_id=row.id, kind="mobile", value="+15550100", notify=False, since=since)
    if manager is not None and "manager_portal" not in usable:
        PersonRow.objects.filter(pk=manager.id).update(employment="on_leave")
    helpers = [manager] if manager else []
    if "hr_attest" in usable:
        helpers.append(_add(throwaway, "partner", "sensitive", "active", None))
        PersonRow.objects.filter(pk=helpers[-1].id).update(vouches_as="hr")
    if "peer_vouch" in usable:
        helpers += [_add(throwaway, f"peer-{n}", "standard", "active", manager.id if manager else None) for n in "ab"]
    stage = Stage(throwaway, shift, world, get_person(row.id))
    for helper in helpers:
        _, stage.passkeys[helper.login] = scene.add_passkey(helper.login, "Laptop", "passkey", last_used_at=now)
    used = now - timedelta(days=world.used_days)
    if world.old:
        what, label, on_phone = OLD.get(kind, ("totp", "Old phone", True))
        stage.old = scene.add_authenticator(
            "person", what, label, created_at=now - timedelta(days=700), last_used_at=used, on_phone=on_phone
        )
    _give(stage, usable, used)
    scene.add_session("person")
    throwaway.seal_directory()
    stage.close_directory()
    if world.old and world.switched_off:
        switch_off(stage, kind)
    if world.closed:
        scene.add_account("person", disabled=True, locked=world.closed == "locked")
    if world.closed == "locked":
        for held in scene.holdings("person").authenticators:
            scene.set_failures(held.id, MAX_FAILURES)
    return stage


def switch_off(stage: Stage, kind: str) -> None:
    """Have the desk suspend the old device for a day on a report of its loss, with proof that is there only for that."""
    scene, person = stage.throwaway.scene, stage.person.login
    for method in REPORTED_WITH:
        scene.set_factor(person, method)
    stage.open("report_loss", {"authenticator": "gone", "kind": kind, "employment": "active"}, (), "phone")
    for _ in range(MAX_TURNS):
        state = stage.state
        step = stage.throwaway.desk.runbook_of(state).steps.get(state.step)
        if state.status != "open" or step is None:
            break
        if step.kind in ("ask", "instruct"):
            stage.answer(step.id, "none" if step.variable == "new_device" else "unknown" if step.variable else "said")
            continue
        if step.kind != "verify" or len(state.pieces) == len(REPORTED_WITH):
            break
        stage.enter_code()
        stage.prove(REPORTED_WITH[len(state.pieces)])
    for method in REPORTED_WITH:
        scene.set_factor(person, method, available=method in stage.world.methods)
    stage.wait(AN_HOUR_S)
    stage.case_id = stage.cookie = ""


def _give(stage: Stage, usable: Iterable[str], used: datetime) -> None:
    scene, login = stage.throwaway.scene, stage.person.login
    for method in usable:
        if method == "fido2_existing":
            _, stage.passkeys[login] = scene.add_passkey(login, "Key", "security_key", last_used_at=used)
        elif method == "passkey_synced_existing":
            _, stage.synced = scene.add_passkey(login, "Synced", "passkey_synced", last_used_at=used)
        elif method == "totp_existing" and (stage.world.spare_token or not stage.old):
            stage.totp = scene.add_authenticator(login, "totp", "Second token", last_used_at=used, on_phone=False)
        elif method == "saved_recovery_code":
            stage.paper = list(scene.add_recovery_codes(login, "Paper")[1])
        elif method == call_back.METHOD or method in BY_SERVICE or method not in PROVIDER | ATTESTED | VOUCHED.keys():
            scene.set_factor(login, method)


def _add(throwaway: Throwaway, login: str, tier: str, employment: str, manager: str | None) -> PersonRow:
    row = PersonRow.objects.create(
        id=f"p_{login}", login=login, name=login, search=login, tier=tier, job="Drill", site="Drill",
        employment=employment, manager_id=manager, starts_on=throwaway.clock.now().date() if employment == "starts" else None,
    )  # fmt: skip
    ContactRow.objects.create(person=row, kind="work_mail", value=mail_of(login))
    throwaway.scene.add_account(login)
    return row
