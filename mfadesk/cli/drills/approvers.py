"""Approvers for a throwaway desk: people in the directory with a role and a desk key, who answer what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mfadesk.cli.throwaway import PUBLIC_URL, Throwaway, enlist
from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.operations import approvals
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case
from mfadesk.store.models import ContactRow, PersonRow


@dataclass(slots=True)
class ApproverOnShift:
    """Somebody who may approve, with their desk key."""

    actor: Actor
    key: SoftPasskey


def hire_approver(throwaway: Throwaway, login: str, *, tied_to: str | None = "", **columns: str | None) -> ApproverOnShift:
    """Return a new approver: a directory entry, the role, and a desk key in the executor's register.

    tied_to: somebody else's id in the directory, or None for nobody's, where the account shall not be tied to its own entry.
    columns: of the directory entry, where it shall differ ("manager_id", "employment").
    """
    defaults = {"tier": "privileged", "job": "Shift lead", "site": "Desk", "employment": "active"}
    person = PersonRow.objects.create(id=f"p_{login}", login=login, name=login, search=login, **{**defaults, **columns})
    ContactRow.objects.create(person=person, kind="work_mail", value=f"{login}@drill.example")
    actor, key = enlist(throwaway, login, ["approver"], person.id if tied_to == "" else tied_to)
    return ApproverOnShift(actor, key)


def answer_approval(throwaway: Throwaway, approver: ApproverOnShift, case_id: str, answer: str = "yes") -> None:
    """Let one approver answer what a case asks for, as their page would. Raises the desk's own refusals."""
    ask = load_case(case_id).ask
    over = ask.over if ask is not None else ""
    options = approvals.begin_approval(throwaway.desk, approver.actor, case_id, answer, "as on the screen", over)
    approver.key, response = approver.key.sign(options, PUBLIC_URL)
    approvals.finish_approval(throwaway.desk, approver.actor, case_id, "as on the screen", response)
    throwaway.settle()


def approve_what_waits(throwaway: Throwaway, approvers: Sequence[ApproverOnShift], case_id: str) -> int:
    """Have the approvers say yes, one after another, while the case waits for it; return how many did."""
    given = 0
    for approver in approvers:
        if load_case(case_id).ask is None:
            break
        answer_approval(throwaway, approver, case_id)
        given += 1
    return given
