"""Screens 9 to 12 and 14: what the one browser sees, in plain words, and nothing that helps a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from mfadesk.cases.engine import find_authority
from mfadesk.cases.state import CaseState
from mfadesk.operations.clock_words import clock_words
from mfadesk.operations.codes import find_locator, read_code
from mfadesk.operations.desk import Desk
from mfadesk.operations.enrol import kinds_for
from mfadesk.operations.judgement import BINDS, available_methods, newest_sight
from mfadesk.operations.people import get_person
from mfadesk.operations.views import AnswerLine, PortalView, ProofWay, VouchView
from mfadesk.operations.vouch import STATEMENTS, find_vouch
from mfadesk.store.commit import load_case, load_events
from mfadesk.store.models import ClaimantSession

WAYS: Mapping[str, tuple[str, str, str]] = {
    "fido2_existing": ("Passkey or security key", "One touch, on the device or key that has it", "passkey"),
    "passkey_synced_existing": ("Passkey", "One touch, on any device that has it", "passkey"),
    "managed_device_signin": ("Your work laptop", "Sign in on it now, with its own lock", "service"),
    "totp_existing": ("Code from an app or token you still have", "The six digits that it shows now", "code"),
    "push_code_transfer": ("Prompt on a device you still have", "Type the number from this page into the prompt", "service"),
    "saved_recovery_code": ("Saved recovery code", "One of the codes that you put away", "code"),
    "endpoint_user_code": ("Code on your work laptop", "The laptop shows it when you ask for it", "service"),
    "sms_code": ("Text message", "We send a code to the number we hold", "service"),
    "idv_gov_id": ("Identity document", "Scan it and your face with our checking service", "service"),
    "vc_facecheck": ("Work card in your wallet", "Show it and look into the camera", "service"),
    "postal_code": ("Letter to your home", "It takes a few days", "service"),
}
"""What a person may use, how it is called on their page, and which form it takes."""

OFFERED_TO_EVERYBODY = ("fido2_existing", "managed_device_signin", "totp_existing", "saved_recovery_code", "sms_code")
"""What a browser may try before anything is proved; the list says nothing about the person."""

Form = Literal["code", "passkey", "service", "person"]

HELP_LINES = (
    "Stay on the line: the help desk knows further ways, and none of them is held against you.",
    "If you did not ring us, press the button below. That stops it at once.",
)
"""The same for everybody, so that they tell nothing."""

KINDS = {
    "totp": "An authenticator app on the new phone",
    "passkey": "A passkey on this device or the new phone",
    "security_key": "A security key",
    "hotp": "A hardware token that shows codes",
}

PHONE_LABEL = "The code that the new phone shows now"
PHONE_HINT = "It changes every 30 seconds. Type it here, and say it to nobody."
FOB_LABEL = "The code that the token shows"
_FOB_ASKS = (
    "Bring the token into its set-up mode.",
    "Press “Show it” here, and let it take in the picture.",
    "Type the code that it shows.",
)

_ENROL_LEDES: Mapping[str, str] = {
    "": "What the next page shows is for your eyes only. Nobody from the desk asks you to read it out.",
    "passkey": "It stays on the device that makes it. There is nothing to read out.",
    "security_key": "It stays on the key. There is nothing to read out.",
}

_REPLACING = (
    "Replace the phone or key that signs you in",
    "A new one will be able to sign in as you",
    "Your old one stops working for sign-in",
)

_GOAL_ASKS: Mapping[str, tuple[str, ...]] = {
    "replace_device": _REPLACING,
    "regain_access": _REPLACING,
    "replace_token": (_REPLACING[0], _REPLACING[1], "Your old one stops working once the new one does"),
    "first_credential": ("Set up the first phone or key that signs you in", "It will be able to sign in as you"),
    "time_boxed_bypass": ("Let you in for an hour without your phone or key", "One code will sign in as you, once"),
    "longer_bypass": ("Let you in until tomorrow without your phone or key", "One code will sign in as you, once"),
    "restore_account": ("Open again what was closed or switched off for you", "What you have, or a new device, will be able to sign in as you"),
    "report_loss": ("Switch off a phone or key that is lost", "It can't sign you in any more"),
    "stop_prompts": ("Stop prompts that nobody asked for", "The device that shows them is switched off until you are safe"),
    "fix_codes": ("Bring the codes of your token back in step", "Nothing is added to your account"),
    "change_contact": ("Change a number or address that we hold for you", "We would ring and write to the new one"),
}  # fmt: skip


def portal(desk: Desk, session: ClaimantSession) -> PortalView:
    """Return the page that this browser stands at. Before a first proof it names nobody and lists nothing (SETTLED 4)."""
    state = load_case(session.case_id)
    name = f"{desk.home.config.organisation} help desk"
    base: dict[str, Any] = {"desk": name, "version": state.seq, "steps": 4, "until": state.deadline_at, "words": session.words}
    if state.status == "closed":
        return _over(state, session, base)
    if state.status == "frozen" or state.session != session.id or session.ended_at is not None:
        return PortalView(
            "frozen", 2, title="This page has stopped", lede="Nothing has changed. Tell the person on the phone; they give you a new code.",
            **{**base, "words": ""},
        )  # fmt: skip
    # Only the browser that has the case: one that lost it must not read the next code off its page.
    base |= {"case_code": read_code(desk, session.case_id) or "", "help_lines": HELP_LINES}
    if not state.confirmed:
        return PortalView(
            "confirm", 2, title="Are you on the phone with us right now?", lede="Our help desk is talking to someone who says they are you.",
            asks=_GOAL_ASKS.get(state.goal, ("Change how you sign in",)), **base,
        )  # fmt: skip
    if state.step_kind == "resync" or (state.step_kind == "confirm" and state.resynced):
        return _mending(state, base)
    if state.step_kind == "bypass":
        return PortalView(
            "bypass", 4, title="A way in for a time", lede="It signs you in once, on the sign-in page that you always use.",
            proved=_proved(state), **base,
        )  # fmt: skip
    if state.step_kind in ("enrol", "confirm"):
        return _setting_up(desk, state, base)
    if state.step_kind == "verify":
        return _proving(desk, state, base)
    if state.ask is not None:
        return _waiting_for_approval(state, base)
    if state.step_kind in ("ask", "instruct"):
        return PortalView(
            "wait",
            3,
            title="We have that",
            lede="The help desk asks you the next question on the phone.",
            proved=_proved(state),
            **base,
        )
    return PortalView(
        "checking",
        3,
        title="One moment",
        lede="We are making the change. This page goes on by itself.",
        proved=_proved(state),
        **base,
    )


def vouch(desk: Desk, token: str) -> VouchView:
    """Return the voucher's page. A wrong link and an old one look alike, and nothing here says what else was proved."""
    found = find_vouch(desk, token)
    if found is None:
        return VouchView("nothing")
    locator, voucher = found
    state = load_case(locator.case_id)
    if state.status != "open" or state.subject is None:
        return VouchView("ended")
    if state.vouchers.get(voucher, "") != "":
        return VouchView("answered")
    asked_at = next((e.at for e in load_events(state.id) if e.kind == "voucher_asked" and e.body["voucher"] == voucher), None)
    back = " It also says that they are at work here now." if state.asked_as.get(voucher) == "hr" else ""
    opens = "opens their account, and what they have or a new device signs in as them"
    lets = opens if state.goal == "restore_account" else "lets a new phone or key sign in as them"
    return VouchView(
        "open", name=get_person(state.subject).name, request=f"A yes {lets}.{back}",
        asked_at=asked_at, until=locator.expires_at, statements=tuple(AnswerLine(v, w) for v, w in STATEMENTS.items()),
    )  # fmt: skip


def is_open_link(desk: Desk, token: str) -> bool:
    """Return whether a check-in link may still be redeemed; the page shows the same button either way."""
    return find_locator(desk, "link", token) is not None


def _proving(desk: Desk, state: CaseState, base: Mapping[str, Any]) -> PortalView:
    person = get_person(state.subject) if state.subject else None
    ways: tuple[ProofWay, ...] = ()
    if not state.pieces:
        # A code only locates: until something is proved, every browser is offered the same, whoever the case is about (SETTLED 4).
        ways = tuple(_way(m) for m in OFFERED_TO_EVERYBODY)
    elif person is not None:
        sight, _ = newest_sight(person.id)
        usable = available_methods(state, person, sight, desk.policy)
        done = {e.method for e in state.evidence()}
        offered = [m for m in usable if m in WAYS and m not in done]
        offered.sort(key=lambda m: desk.policy.methods[m].minutes)
        ways = tuple(_way(m) for m in offered)
        ways = tuple({(way.form if way.form == "passkey" else way.method): way for way in reversed(ways)}.values())[::-1]
    if not ways:
        return PortalView(
            "wait", 3, title="We have that", lede="The help desk tells you what comes next.", proved=_proved(state), **base
        )
    return PortalView(
        "prove", 3, title="Which of your things can you use?", ways=ways, proved=_proved(state),
        lede="Use whichever you have at hand. What you use is checked by us, never read out.", **base,
    )  # fmt: skip


def _way(method: str) -> ProofWay:
    title, hint, form = WAYS[method]
    way = ProofWay(method, title, hint, form=cast(Form, form))
    return replace(way, label="A code from your list") if method == "saved_recovery_code" else way


def _setting_up(desk: Desk, state: CaseState, base: Mapping[str, Any]) -> PortalView:
    if find_authority(state, "enrol_new", desk.now()) is None:
        verdict = next((v for a, v in state.verdicts.items() if a in BINDS and v.allowed), None)
        if verdict is not None and desk.now() < verdict.starts_at:
            return PortalView(
                "wait", 4, title="Your new one can be added soon", proved=_proved(state),
                lede="We tell everybody it concerns first. Come back to this page then; it stays open.",
                **{**base, "until": verdict.starts_at},
            )  # fmt: skip
    kinds = tuple(AnswerLine(kind, KINDS[kind]) for kind in kinds_for(desk, state.id))
    if state.step_kind == "confirm" and state.new_authenticator:
        return PortalView(
            "test", 4, title="Sign in once with the new one", lede="So that we both know it works, before the old one goes.",
            kinds=tuple(k for k in kinds if k.value == state.new_kind) or kinds, **base,
            test_label=FOB_LABEL if state.new_kind == "hotp" else PHONE_LABEL,
            test_hint=PHONE_HINT if state.new_kind != "hotp" else "Type it here, and say it to nobody.",
        )  # fmt: skip
    if not state.chosen_kind and len(kinds) > 1:
        return PortalView(
            "choose", 4, title="What do you want to set up?", lede="You can add more later, by yourself.", kinds=kinds, **base
        )
    chosen = state.chosen_kind or (kinds[0].value if kinds else "")
    return PortalView(
        "enrol", 4, title="Add the new one", lede=_ENROL_LEDES.get(chosen, _ENROL_LEDES[""]),
        kinds=tuple(k for k in kinds if k.value == chosen), asks=_FOB_ASKS if chosen == "hotp" else (), **base,
    )  # fmt: skip


def _mending(state: CaseState, base: Mapping[str, Any]) -> PortalView:
    """Two codes, and then one more; what the device is called stands on nobody's page."""
    if state.step_kind == "confirm":
        return PortalView(
            "test", 4, title="It is back in step", lede="Sign in with it once, so that we both know it works.",
            asks=("Wait until the device shows the next code.",), may_restart=False, kinds=(AnswerLine("totp", "Your device"),),
            test_label="The next code that it shows", test_hint="Type it here, and say it to nobody.", **base,
        )  # fmt: skip
    return PortalView(
        "resync", 4, title="Two codes, one after the other", lede="They tell the service where your device stands. Nothing else changes.",
        asks=("Type the code that your device shows now.", "Wait until it changes, and type the next one."), **base,
    )  # fmt: skip


def _waiting_for_approval(state: CaseState, base: Mapping[str, Any]) -> PortalView:
    if state.ask is not None and state.ask.owner == "security":
        lede = "Nobody who may agree is here now. Security has been told and finds somebody. Nothing changes until then."
    else:
        lede = "You have proved enough. Somebody at the desk who did not take your call looks at it and agrees, or does not."
    return PortalView(
        "wait", 3, title="One more person has to agree", lede=f"{lede} You can ring off.",
        proved=_proved(state), vouchable=False, **base,
    )  # fmt: skip


def _over(state: CaseState, session: ClaimantSession, base: Mapping[str, Any]) -> PortalView:
    plain: dict[str, Any] = {**base, "until": None, "words": ""}
    if state.reported:
        return PortalView(
            "stopped", 4, title="Stopped", lede="Nothing was changed, and security knows. Thank you.",
            help_lines=("If somebody rang you about this, hang up.", "Nobody is in trouble."), **plain,
        )  # fmt: skip
    if state.outcome == "changed" and "restore_account" in state.verdicts and not state.effects_of("enrol_new"):
        given = any(effect.detail in ("given back", "opened") for effect in state.effects_of("restore_old", "open_account"))
        opened = any(effect.detail == "opened" for effect in state.effects_of("open_account"))
        return PortalView(
            "done", 4, title="Your account is open" if opened else "Your device is on again" if given else "This is over",
            lede="What you have signs you in as before." if given else "Nothing was switched on. Our security team reaches you on details we hold.",
            help_lines=("We wrote to every address we hold for you.",), **plain,
        )  # fmt: skip
    if state.outcome == "changed":
        at = f" at {clock_words(state.tested_at)}" if state.tested_at else ""
        is_first = "bind_first_authenticator" in state.verdicts
        help_lines = (
            "You have been signed out everywhere; sign in again with the new one.",
            "We wrote to every address we hold for you.",
        )
        return PortalView(
            "done", 4, title="Your first one works" if is_first else "Your new one works",
            lede=f"It signed in{at}." + ("" if is_first else " The old one no longer works."),
            help_lines=(*help_lines, "Add a second one on your own sign-in page, so that losing one locks you out of nothing.")
            if is_first else help_lines,
            **plain,
        )  # fmt: skip
    if state.resynced and state.tested_at and state.outcome == "no_change_needed":
        return PortalView(
            "done", 4, title="Your codes work again", lede=f"One signed in at {clock_words(state.tested_at)}. It is the same device as before.",
            help_lines=("Nothing was added to your account.", "We wrote to every address we hold for you."), **plain,
        )  # fmt: skip
    if state.outcome == "bridged":
        return PortalView(
            "done", 4, title="You have a way in for a time", lede="It ends by itself, and it can't be made longer.",
            help_lines=("The code was shown once. If you did not note it, ring us: this way in ends by itself.",
                        "Call us when your device is back or a new one is in your hands.", "We wrote to every address we hold for you."),
            **plain,
        )  # fmt: skip
    return PortalView(
        "ended",
        4,
        title="This is over",
        lede="Nothing was added to your account. The help desk tells you how it goes on.",
        **plain,
    )


def _proved(state: CaseState) -> tuple[str, ...]:
    return tuple(WAYS[e.method][0] if e.method in WAYS else "Somebody spoke for you" for e in state.evidence())
