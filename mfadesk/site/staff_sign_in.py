"""How staff sign in: what django-allauth leaves open is closed here.

Nobody signs up; nobody is let in without a second factor; the last second factor cannot be removed; and the seeds and keys that
allauth would store in clear are encrypted with the web tier's own key. Password-only sessions reach the set-up page and nothing else
(see `middleware`).
"""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from mfadesk.kernel.errors import Refusal
from mfadesk.kernel.ids import SystemRandomness
from mfadesk.kernel.sealing import decrypt, encrypt, opens
from mfadesk.store.models import StaffMember

SEED_CONTEXT = "staff-totp-seed"
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
MAX_KEYS = 10


def find_member(user: Any) -> tuple[StaffMember | None, bool]:
    """Return the member of staff who signs in as `user`, and whether they hold a passkey or an authenticator app.

    None for somebody who does not (any longer) work here. Every page of staff asks this, so it is one query.
    """
    found = next(iter(StaffMember.objects.raw(_MEMBER, [*SECOND_FACTORS, user.pk])), None)
    return found, found is not None and bool(found.has_second_factor)  # type: ignore[attr-defined]


_MEMBER = """
SELECT m.*, EXISTS (SELECT 1 FROM mfa_authenticator a WHERE a.user_id = m.user_id AND a.type IN (%s, %s)) AS has_second_factor
FROM store_staffmember m WHERE m.user_id = %s AND m.active
"""


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """No sign-up, no mail, and nobody signs in who does not work here."""

    error_messages = {  # noqa: RUF012 - allauth's own way
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "That name and password do not belong together. Check both and try again.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, then try again. Nothing else has changed.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing: allauth's mails would go to addresses that no directory vouches for."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Keep allauth's toasts away; its pages say what happened in their own words."""

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        if find_member(user)[0] is None:
            # allauth answers an inactive account only after the password was right, so this tells a guesser nothing.
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)


class StaffMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Encrypted seeds, our own name as relying party, and no way to a sign-in without a second factor."""

    error_messages = {  # noqa: RUF012 - allauth's own way
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That code did not match. Wait for the next one and type it here.",
        "cannot_delete_authenticator": "This is your only second step. Add another one first.",
    }

    def encrypt(self, text: str) -> str:
        box = encrypt(text.encode(), settings.HOME.web_keys().at_rest, SEED_CONTEXT, SystemRandomness())
        return base64.b64encode(box).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the seed. Raises Refusal where the key file is not the one that encrypted it: then nobody gets in by it."""
        try:
            box = base64.b64decode(encrypted_text, validate=True)
        except ValueError as error:
            raise Refusal("box_not_ours", "A stored secret could not be opened with this key.") from error
        return decrypt(box, settings.HOME.web_keys().at_rest, SEED_CONTEXT).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=SECOND_FACTORS).exclude(
            pk=authenticator.pk
        )
        return bool(others.exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        # From the configuration, never from the Host header: a passkey must not be registered for a name that a request brought.
        return {"id": settings.ORIGIN.hostname or "localhost", "name": f"{settings.CONFIG.organisation} desk"}

    def generate_authenticator_name(self, user: Any, type: str) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return "Passkey" if count == 0 else f"Passkey {count + 1}"

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Staff have no address in allauth; the desk's own alerts tell security."""


def reseal_seeds() -> int:
    """Put every stored seed under the key in use, and return how many were under an older one. Raises Refusal where none opens it."""
    adapter, newest, moved = StaffMFAAdapter(), bytes(settings.HOME.web_keys().at_rest), 0
    for row in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN):
        for name in ("secret", "seed"):
            text = row.data.get(name)
            if text and not opens(base64.b64decode(text), newest, SEED_CONTEXT):
                # Only this entry is written, and only where it is still what was read.
                with transaction.atomic():
                    fresh = Authenticator.objects.select_for_update().filter(pk=row.pk).first()
                    if fresh is not None and fresh.data.get(name) == text:
                        fresh.data[name] = adapter.encrypt(adapter.decrypt(text))
                        fresh.save(update_fields=["data"])
                        moved += 1
    return moved


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Every key that is added can sign in on its own, so it must know its user."""

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        if Authenticator.objects.filter(user_id=self.user.pk, type=Authenticator.Type.WEBAUTHN).count() >= MAX_KEYS:
            raise get_limit_error()
        cleaned: dict[str, Any] = super().clean()
        return cleaned


def get_limit_error() -> Exception:
    """Return the complaint about too many keys."""
    from django.core.exceptions import ValidationError

    return ValidationError(f"You have {MAX_KEYS} passkeys. Remove one that you no longer use first.")
