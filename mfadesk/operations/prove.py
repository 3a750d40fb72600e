"""The person proves who they are. The web only carries: every proof is verified by the executor, sealed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mfadesk.kernel.errors import Refusal
from mfadesk.operations.asking import ask_executor
from mfadesk.operations.desk import Desk
from mfadesk.operations.sessions import require_current
from mfadesk.store.commit import load_case
from mfadesk.store.models import ClaimantSession

MAX_CODE = 64
MAX_RESPONSE_KEYS = 20
TRY_THE_NEXT = "That code did not work. Your account has not changed. Wait for the next code and try once more."
TRY_ANOTHER = "That code did not work. Your account has not changed. Compare it with your list, or use another one of it."


def prove_with_code(desk: Desk, session: ClaimantSession, method: str, code: str) -> None:
    """Have a code checked once. Raises Refusal ``wrong_proof`` where it was not accepted, whatever the reason."""
    _require_may_prove(session)
    cleaned = "".join(code.split())
    if not 0 < len(cleaned) <= MAX_CODE:
        raise Refusal("wrong_proof", said_of_wrong(method))
    payload = {"session": session.id, "source": session.source, "method": method, "code": cleaned}
    try:
        ask_executor(desk, "prove_code", session.case_id, payload)
    except Refusal as no:
        raise Refusal(no.code, said_of_wrong(method)) if no.sentence == TRY_THE_NEXT else no from None


def said_of_wrong(method: str) -> str:
    """Return what to do after a wrong code, by the thing that was tried: a list on paper shows no next one by itself."""
    return TRY_ANOTHER if method == "saved_recovery_code" else TRY_THE_NEXT


def begin_passkey(desk: Desk, session: ClaimantSession) -> Mapping[str, Any]:
    """Return `PublicKeyCredentialRequestOptions` as JSON; its challenge commits to this case, action and browser."""
    _require_may_prove(session)
    return _options(ask_executor(desk, "begin_passkey", session.case_id, {"session": session.id}))


def finish_passkey(desk: Desk, session: ClaimantSession, response: Mapping[str, Any]) -> None:
    """Have the browser's assertion verified. Raises Refusal ``wrong_proof``."""
    _require_may_prove(session)
    payload = {"session": session.id, "response": require_small(response)}
    ask_executor(desk, "finish_passkey", session.case_id, payload)


def begin_service(desk: Desk, session: ClaimantSession, method: str) -> Mapping[str, Any]:
    """Start a check at an outside service, such as the sign-in on a managed laptop; return what its page needs."""
    _require_may_prove(session)
    return ask_executor(desk, "begin_service", session.case_id, {"session": session.id, "method": method})


def prove_with_service(desk: Desk, session: ClaimantSession, method: str, response: str) -> None:
    """Have an outside service's outcome verified. Raises Refusal ``wrong_proof``."""
    _require_may_prove(session)
    payload = {"session": session.id, "source": session.source, "method": method, "response": response[:2_000]}
    ask_executor(desk, "finish_service", session.case_id, payload)


def require_small(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return a browser's WebAuthn answer if it has the size and shape of one. Raises Refusal ``wrong_proof``."""
    if not isinstance(response, Mapping) or len(response) > MAX_RESPONSE_KEYS or len(str(response)) > 20_000:
        raise Refusal("wrong_proof", "The browser's answer could not be read. Nothing changed. Try once more.")
    return {"json": _plain(response)}


def _plain(value: Any) -> Any:
    # Browsers send no floats here; anything that is neither text, flag, whole number, list nor object is left out.
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items() if str(k).isascii()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | bool | int) or value is None else str(value)


def _options(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    options: Mapping[str, Any] = answer["options"]
    return options


def _require_may_prove(session: ClaimantSession) -> None:
    state = load_case(session.case_id)
    require_current(state.session, session)
    if state.status != "open" or not state.confirmed:
        raise Refusal("not_now", "This page has moved on. Look at it again.")
