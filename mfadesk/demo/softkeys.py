"""Answers for demo passkeys: which fit what a page asks for, and a signature by the one that was chosen."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST, require_safe

from mfadesk.connectors.lab.soft_passkey import SoftPasskey
from mfadesk.demo.state import DemoState, Key, changing_state, read_state
from mfadesk.kernel.errors import Invalid, MfadeskError
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.store.models import PersonRow

MAX_BODY = 64 * 1024
MAX_KEYS = 500

View = Callable[[HttpRequest], HttpResponseBase]


def _as_json(answer: Callable[[HttpRequest], Mapping[str, Any]]) -> View:
    def view(request: HttpRequest) -> HttpResponseBase:
        try:
            return JsonResponse(dict(answer(request)))
        except MfadeskError as error:
            return JsonResponse({"detail": error.sentence}, status=422)

    return view


@require_safe
def token(request: HttpRequest) -> HttpResponseBase:
    """Hand out the form token that the script sends with its questions."""
    return JsonResponse({"token": get_token(request)})


def _offer(request: HttpRequest) -> Mapping[str, Any]:
    body = _body(request)
    options = body["options"]
    if body.get("kind") == "create":
        who = str(options.get("user", {}).get("displayName") or options.get("user", {}).get("name") or "somebody")[:120]
        return {"keys": [], "for": _name(who)}
    state = read_state(settings.HOME.folder)
    return {"keys": [{"id": key.id, "owner": _name(key.owner), "label": key.label} for key in _fitting(state, options)]}


def _use(request: HttpRequest) -> Mapping[str, Any]:
    body = _body(request)
    options, origin = body["options"], f"{settings.ORIGIN.scheme}://{settings.ORIGIN.netloc}"
    with changing_state(settings.HOME.folder) as state:
        if body.get("kind") == "create":
            if len(state.keys) >= MAX_KEYS:
                raise Invalid("", "The demo holds enough passkeys. `make demo-reset` starts over.")
            soft, answer = _register(options, origin)
            owner = str(options["user"].get("name", ""))[:200]
            state.keys.append(Key(uuid.uuid4().hex, owner, f"made here for {settings.CONFIG.organisation}", soft.to_json()))
            answer["clientExtensionResults"] = {"credProps": {"rk": True}}
            return answer
        key = next((key for key in _fitting(state, options) if key.id == body.get("key")), None)
        if key is None:
            raise Invalid("", "That demo passkey was not asked for.")
        moved, answer = key.soft().sign(options, origin)
        key.passkey = moved.to_json()
        return answer


offer = require_POST(_as_json(_offer))
use = require_POST(_as_json(_use))


def _register(options: Mapping[str, Any], origin: str) -> tuple[SoftPasskey, dict[str, Any]]:
    try:
        return SoftPasskey.register(options, origin, SystemRandomness())
    except (KeyError, ValueError, TypeError) as error:
        raise Invalid("", "The page asked for a passkey in a form that the demo does not know.") from error


def _fitting(state: DemoState, options: Mapping[str, Any]) -> list[Key]:
    if not options.get("allowCredentials"):
        # A page that names no credential is the desk's own sign-in; employees' passkeys would only be turned away there.
        staff = {worker.login for worker in state.sign_ins}
        return [key for key in state.keys if key.owner in staff]
    return [key for key in state.keys if key.soft().is_asked(options)]


def _name(login: str) -> str:
    row = PersonRow.objects.filter(login=login).first()
    return row.name if row else login


def _body(request: HttpRequest) -> Mapping[str, Any]:
    if len(request.body) > MAX_BODY:
        raise Invalid("", "That is too long.")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise Invalid("", "That is no JSON.") from error
    if not isinstance(body, dict) or not isinstance(body.get("options"), dict):
        raise Invalid("", "The options are missing.")
    return body
