"""Letters to people. The executor resolves the addresses itself, from the directory and out of quarantine: nobody types one (R45)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from mfadesk.assurance.model import Leaning
from mfadesk.cases.state import CaseState
from mfadesk.executor.receipts import require_mark
from mfadesk.operations.codes import LINK_LIFE_S, issue_token
from mfadesk.operations.vouch import VOUCH_LIFE_S
from mfadesk.ports.messages import Message
from mfadesk.ports.people import Contact, Person
from mfadesk.store.models import Locator, StaffMember

if TYPE_CHECKING:
    from mfadesk.executor.core import Executor

MAIL_KINDS = ("work_mail", "personal_mail")
NAME_IN_SUBJECT = 80
NOT_ME_LIFE_S = 30 * 86_400
HALF_DONE = "half_done"
HALF_TEXT = "The {desk} changed a part of how you sign in. The rest was stopped, and security looks at it."
SUBJECTS = {"grace": "Your sign-in is about to change", "approved": "Your request goes on"}
APPROVED = (
    "Someone proved to the {desk} that they are you, and somebody there has now agreed to the change.\n"
    "If that was you, go on at the page that you proved yourself on, within a day."
)


def send_letters(
    executor: Executor, state: CaseState, effect: str, args: Mapping[str, Any], before_each: Callable[[], None]
) -> str:
    """Send what one notify effect is about to everybody it concerns; return how many letters went, for the record.

    A letter's key is the effect's and the place in the list, so that a repetition after a crash is the same letter.
    before_each: called before each letter; raises where another executor has taken the effect over.
    Raises Unavailable where the carrier does not take them: the effect is tried again.
    """
    sent = 0
    for place, (to, subject, text) in enumerate(_compose(executor, state, effect, args)):
        before_each()
        executor.courier.send(Message(to=to, subject=subject, text=text, key=f"{effect}/{place}"))
        sent += 1
    return f"{sent} addresses"


def _compose(executor: Executor, state: CaseState, effect: str, args: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    person = executor.directory.find(state.subject)
    if person is None:
        return
    target = str(args["target"])
    desk = f"{executor.desk.home.config.organisation} help desk"
    if target == "vouch":
        voucher = executor.directory.find(str(args.get("voucher", "")))
        if voucher is not None and require_mark(executor.keys.receipt, state, "voucher_asked", voucher.id):
            yield from _to(
                voucher,
                executor,
                f"Have you spoken to {_short(person.name)} today?",
                _vouch_text(executor, state, person, voucher),
            )
    elif target == "approval":
        yield from _to_approvers(executor, state, desk)
    elif target == "link":
        token = issue_in_unit(executor, "link", state.id, LINK_LIFE_S)
        text = (
            f"Someone on the phone with the {desk} says they are you.\n\n"
            f"If that is you, open this page and follow it:\n{_url(executor, f'/me/link/{token}')}\n\n"
            "If it is not you, open the page and press No. That stops it.\nNobody from the desk asks you to read anything out."
        )
        yield from _to(person, executor, f"Your call with the {desk}", text, settled=True)
    else:
        subject, text = _news(executor, state, target, effect, desk)
        current = addresses_of(person)
        former = executor.directory.former_addresses(person.id, executor.desk.now())
        # One letter an address, the former ones too: the text, and the link to object, are the same for all.
        yield from ((address, subject, text) for address in dict.fromkeys((*current, *former)))
        manager = executor.directory.find(person.manager_id)
        if target in ("attempt", "grace") and manager is not None:
            done = "It was not done." if target == "attempt" else "It was proved, and it is done after a waiting time."
            text = (
                f"Someone asked the {desk} to change how {person.name} signs in. {done}\n\n"
                f"If {person.name} did not ask for this, please tell them, face to face or on a number that you know."
            )
            yield from _to(manager, executor, f"Somebody asked about {_short(person.name)}'s sign-in", text)
        elif manager is not None and target != "out_of_reach" and state.bypass and not state.tested_at:
            text = (
                f"The {desk} gave {_short(person.name)} a way in for a short time, since their phone or key is not at hand.\n\n"
                f"If {_short(person.name)} did not ask for this, please tell the desk at once."
            )
            yield from _to(manager, executor, f"{_short(person.name)} has a way in for a short time", text)
        elif manager is not None and target != "out_of_reach" and _is_first(state):
            # The directory's word for who the manager is was the root of it, so the manager hears what came of it.
            text = (
                f"{_short(person.name)} set up a first phone or key for signing in, with the {desk}.\n\n"
                f"If {_short(person.name)} does not work for you, or does not start now, ring the desk at once."
            )
            yield from _to(manager, executor, f"{_short(person.name)} can sign in from now on", text)


def _is_first(state: CaseState) -> bool:
    verdict = state.verdicts.get("bind_first_authenticator")
    return verdict is not None and verdict.allowed and state.tested_at is not None


def _news(executor: Executor, state: CaseState, target: str, effect: str, desk: str) -> tuple[str, str]:
    if target == "attempt":
        return (
            "Somebody asked to change how you sign in",
            f"Someone asked the {desk} to change how you sign in. It was not done, and nothing has changed.\n\n"
            "If that was you, ring the desk on the number on your badge and we go on.\n"
            "If it was not you, there is nothing you need to do. Security knows.",
        )
    if target == "out_of_reach":
        return (
            "You told us that a device is out of reach",
            f"Someone on the phone with the {desk} said that one of your devices cannot be used now.\n\n"
            "If that was not you, ring the desk on the number on your badge.",
        )
    step = executor.desk.runbook_of(state).steps.get(target)
    told = step.tell if step is not None and step.tell else "How you sign in has changed."
    if target == "grace":
        told = _grace_text(state, desk)
    elif target == "approved":
        told = APPROVED.format(desk=desk)
    elif target == HALF_DONE:
        told = HALF_TEXT.format(desk=desk)
    token = issue_in_unit(
        executor, "not_me", state.id, NOT_ME_LIFE_S,
        {"about": target, "authenticator": state.new_authenticator, "person": state.subject},
    )  # fmt: skip
    text = f"{told}\n\nThe link shows one button, which works at once. If it was you, leave it:\n{_url(executor, f'/me/not-me/{token}')}\n"
    return SUBJECTS.get(target, "Your sign-in has changed"), f"{text}\n{desk}"


def _grace_text(state: CaseState, desk: str) -> str:
    """Return the notice of a change that waits: whoever it is not shall have the time to say so (R47)."""
    starts_at = max(verdict.starts_at for verdict in state.verdicts.values() if verdict.allowed)
    return (
        f"Someone proved to the {desk} that they are you and asked for a new way to sign in.\n"
        f"Nothing new is added before {starts_at:%H:%M} UTC on {starts_at.day} {starts_at:%B}, so that you can stop it.\n\n"
        "If that was you, open the page that you proved yourself on again then, and go on."
    )


def _to_approvers(executor: Executor, state: CaseState, desk: str) -> Iterator[tuple[str, str, str]]:
    """Ask those who may approve. The letter names nobody, opens nothing and holds no secret: the desk's own sign-in leads on."""
    if state.ask is None:
        return
    for member in StaffMember.objects.filter(pk__in=[int(key) for key in state.ask.asked], active=True).order_by("pk"):
        person = executor.directory.find(member.person_id)
        if person is None:
            continue
        text = (
            f"A request at the {desk} waits for your yes or no, until {state.ask.until:%H:%M} UTC.\n\n"
            f"Sign in to the desk as you always do. It stands on the first page, under Waiting for your approval:\n"
            f"{_url(executor, '/')}\n\n"
            "Answering takes your desk key. If you have none yet, the foot of every page leads to its set-up."
        )
        # What is asked of somebody at work goes to their work mailbox, and elsewhere only where they have none.
        settled = addresses_of(person, executor.desk.policy.quarantine_s, executor.desk.now())
        work = {contact.value for contact in person.contacts if contact.kind == "work_mail"}
        for address in [a for a in settled if a in work] or settled:
            yield address, "A request waits for your approval", text


def _vouch_text(executor: Executor, state: CaseState, person: Person, voucher: Person) -> str:
    token = issue_in_unit(executor, "vouch", state.id, VOUCH_LIFE_S, {"voucher": voucher.id})
    return (
        f"The {executor.desk.home.config.organisation} help desk asks you about {person.name}.\n\n"
        f"Speak to {person.name} first, in person or on a number that you already had. Then answer here, with your passkey:\n"
        f"{_url(executor, f'/vouch/{token}')}\n\n"
        "If you have not spoken to them, say so on the page. That is a good answer."
    )


def _short(name: str) -> str:
    """Return a name as it fits into a subject, which carriers limit; a letter must not fail because somebody's name is long."""
    return name if len(name) <= NAME_IN_SUBJECT else name[: NAME_IN_SUBJECT - 1] + "…"


def issue_in_unit(executor: Executor, kind: str, case_id: str, life_s: int, about: dict[str, Any] | None = None) -> str:
    """Return a fresh link token, stored in a transaction of its own."""
    with executor.desk.unit():
        if kind == "vouch" and about:
            # A second letter to the same voucher replaces the first link.
            Locator.objects.filter(case_id=case_id, kind="vouch", about__contains=str(about["voucher"])).update(voided=True)
        return issue_token(executor.desk, kind, case_id, life_s, executor.desk.now(), about)


def _to(
    person: Person, executor: Executor, subject: str, text: str, *, settled: bool = False
) -> Iterator[tuple[str, str, str]]:
    quarantine_s = executor.desk.policy.quarantine_s
    for address in addresses_of(person, quarantine_s, executor.desk.now()) if settled else addresses_of(person):
        yield address, subject, text


def addresses_of(
    person: Person, quarantine_s: Mapping[Leaning, int] | None = None, now: datetime | None = None
) -> tuple[str, ...]:
    """Return the notification addresses of a person.

    News goes to all of them, fresh ones too: whoever changed one must not be the only one who hears. With `quarantine_s` and
    `now` those in quarantine are left out, for what leads into a case. Of a replaced address see `former_addresses`.
    """
    return tuple(
        dict.fromkeys(
            contact.value
            for contact in person.contacts
            if contact.kind in MAIL_KINDS
            and contact.notify
            and not (quarantine_s is not None and now is not None and _is_fresh(contact, quarantine_s, now))
        )
    )


def _is_fresh(contact: Contact, quarantine_s: Mapping[Leaning, int], now: datetime) -> bool:
    """Return whether a changed address is still in quarantine; a kind that policy does not time stays in it."""
    if contact.since is None:
        return False
    seconds = quarantine_s.get(cast(Leaning, contact.kind))
    return seconds is None or now - contact.since < timedelta(seconds=seconds)


def _url(executor: Executor, path: str) -> str:
    return executor.desk.home.config.public_url + path
