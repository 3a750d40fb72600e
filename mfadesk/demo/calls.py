"""Calls to try in the side room: what the caller says when asked, and what they can lay their hands on."""

from __future__ import annotations

from dataclasses import dataclass

from mfadesk.demo.organisation import BASIL, ELM, HAZEL, ROSEMARY


@dataclass(frozen=True, slots=True)
class Line:
    """When the desk asks this, the caller says that."""

    asked: str
    says: str


@dataclass(frozen=True, slots=True)
class Call:
    """One script card."""

    key: str
    title: str
    who: str
    login: str
    honest: bool
    opens: str
    lines: tuple[Line, ...]
    has: tuple[str, ...]
    tries: tuple[str, ...]
    expect: str


CALLS: tuple[Call, ...] = (
    Call(
        key="hazel",
        title="The honest one",
        who="Hazel Linden, nurse coordinator",
        login=HAZEL,
        honest=True,
        opens="Hello, I got a new phone on Saturday and traded the old one in. The app shows my name but no codes.",
        lines=(
            Line("Does the old device still work?", "No, I handed it in at the shop. It is wiped."),
            Line("What was it?", "The app on my phone."),
            Line("Is the new one at hand?", "Yes, it is here in front of me."),
            Line("What came back from the backup?", "The app is there with my account’s name, but there is no code."),
            Line("What do you still have?", "My work laptop. I sign in with my finger on it."),
        ),
        has=("her work laptop, with a passkey", "recovery codes on paper, at home"),
        tries=(
            "Open the check-in page, type the case code, and prove yourself with Hazel’s demo passkey. That is enough.",
            "Set up the new phone: paste the key into Hazel’s new phone in this room, and type the code that it shows.",
            "Open the link in the notice in her mailbox, and say that it was not you.",
            "Another time say that the laptop is at home: the desk notes it, and asks for more, such as her manager’s word.",
        ),
        expect="The desk lets it happen: the old app is suspended, the new one tested, the old one removed.",
    ),
    Call(
        key="rosemary",
        title="The impostor",
        who="someone who says they are Rosemary Hart, payroll manager",
        login=ROSEMARY,
        honest=False,
        opens="It’s Rosemary from payroll. My phone died this morning and the salaries go out at three. You have to reset it now.",
        lines=(
            Line("Does the old device still work?", "It is dead. Completely dead."),
            Line("What was it?", "The app on my phone."),
            Line("Is the new one at hand?", "Yes, I have a new one. Same number, the shop moved the SIM."),
            Line("What came back from the backup?", "Nothing at all."),
            Line("What do you still have?", "My number. Just text me. My key is at my sister’s, I can’t get it today."),
            Line("Anything you ask about her", "Knows the employee number, the birth date and the manager’s name."),
        ),
        has=(
            "Rosemary’s phone number, by a stolen SIM: texts and calls arrive",
            "everything that a data leak and a profile page tell",
        ),
        tries=(
            "Press for a reset, ask for another person, say that the director is waiting.",
            "Ask the desk to send the link to a new address or number.",
            "Take a text message code from Rosemary’s phone in this room: with the SIM, it is yours.",
            "Then be Rosemary herself: press “I did not call” in the link in her mailbox.",
        ),
        expect="The desk refuses, shows the operator why, and gives you a sentence that tells you nothing. Nothing changes.",
    ),
    Call(
        key="basil",
        title="The one that needs no change",
        who="Basil Greenway, physiotherapist",
        login=BASIL,
        honest=True,
        opens="I bought a new phone. Can you reset my sign-in so that I can set it up?",
        lines=(
            Line("Does the old device still work?", "Yes, I still have it here. It works fine."),
            Line("Do the prompts arrive?", "Yes, just now one came."),
        ),
        has=("both phones",),
        tries=("Answer truthfully, and see how the call ends without anybody proving anything.",),
        expect="No credential is changed: he moves it himself with the old phone.",
    ),
    Call(
        key="elm",
        title="The one that takes a second yes",
        who="Elm Fairweather, directory administrator",
        login=ELM,
        honest=True,
        opens="Morning. My old phone is gone to the shop, and the app on it was my second way in. I have my key and my laptop here.",
        lines=(
            Line("Does the old device still work?", "No, it is wiped."),
            Line("What was it?", "The app on my phone."),
            Line("Is the new one at hand?", "Yes, a spare security key."),
            Line("What do you still have?", "My black key, and the work laptop."),
        ),
        has=("his black key", "his work laptop"),
        tries=(
            "Take the call as juniper. Prove yourself with Elm’s black key, then with the work laptop.",
            "The case now waits: look at it as juniper, who cannot approve it, and at Elm’s page.",
            "Be rowan in a private window: the case stands under Waiting for your approval. Say yes with the desk key, or no. Without a "
            "desk key, the link at the foot of the page leads to one.",
            "After a yes, set up the spare key on Elm’s page as a demo passkey.",
        ),
        expect="Whoever could take the whole house needs more proof, and somebody else’s yes. The operator’s own is not enough.",
    ),
)


def find_call(key: str) -> Call | None:
    """Return the card, or None."""
    return next((call for call in CALLS if call.key == key), None)
