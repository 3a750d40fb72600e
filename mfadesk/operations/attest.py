"""Staff attest with their own desk key: what they say is a WebAuthn assertion that commits to case, method and statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mfadesk.kernel.errors import Invalid, Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk, require_operator, require_owner
from mfadesk.operations.prove import require_small
from mfadesk.ports.people import Actor
from mfadesk.store.commit import load_case

MAX_VALUE = 200


def begin_attestation(desk: Desk, actor: Actor, case_id: str, method: str, statement: str, value: str) -> Mapping[str, Any]:
    """Return request options for this operator's desk key.

    method: an operator-attested factor of policy, such as ``callback_on_file``.
    statement: ``passed`` or ``failed``.
    value: what was seen or heard, as a value and not a tick: the word on the badge, what the person typed.

    The owner attests first; the second operator, whom the system chose, attests the same afterwards.
    """
    terms = desk.policy.methods.get(method)
    if terms is None or not terms.operator_attested or terms.role != "factor":
        raise Invalid("method", "This is nothing that an operator attests.")
    if statement not in ("passed", "failed"):
        raise Invalid("statement", "Say whether it passed.")
    if statement == "passed" and not value.strip():
        raise Invalid("value", "Write down what you saw or heard.")
    state = load_case(case_id)
    if state.second_asked.get(method) == actor.id:
        require_operator(actor)
        role = "second"
    else:
        require_owner(actor, state)
        role = "first"
    if state.status != "open":
        raise Refusal("case_closed", "This case takes no more proof.")
    payload = {"staff": actor.id, "role": role, "method": method, "statement": statement, "value": value[:MAX_VALUE]}
    options: Mapping[str, Any] = ask_executor(desk, "begin_attestation", case_id, payload)["options"]
    return options


def finish_attestation(desk: Desk, actor: Actor, case_id: str, response: Mapping[str, Any]) -> None:
    """Have the assertion verified against the executor's own register of staff keys, and recorded."""
    require_operator(actor)
    payload = {"staff": actor.id, "response": require_small(response)}
    ask_executor(desk, "finish_attestation", case_id, payload)
