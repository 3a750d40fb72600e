"""Every address of the desk: the rooms' own, the sign-in of staff, health. allauth's other pages (sign-up, mail, reset) do not exist."""

from __future__ import annotations

import importlib.util

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from mfadesk.site import health, pages

_SIGN_IN: list[URLPattern | URLResolver] = [
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/not-active/", account.account_inactive, name="account_inactive"),
    path("sign-out/", account.logout, name="account_logout"),
    path("account/", mfa.index, name="mfa_index"),
    path("account/", mfa.index, name="staff_account"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/confirm/passkey/", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("account/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("account/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/passkeys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/remove/", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/passkeys/<int:pk>/name/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    # allauth reverses these names in its own code; the addresses lead to the sign-in page and do nothing.
    path("sign-up/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("forgotten/", RedirectView.as_view(pattern_name="account_login"), name="account_reset_password"),
]


def _room(prefix: str, module: str) -> list[URLPattern | URLResolver]:
    try:
        there = importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        there = False
    return [path(prefix, include(module))] if there else []


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("favicon.ico", pages.icon),
    path("csp-report", pages.csp_report),
    path("invite/<str:token>/", pages.invitation, name="invitation"),
    path("staff/", pages.staff_list, name="staff_list"),
    path("staff/options", pages.staff_act_options, name="staff_act_options"),
    *_SIGN_IN,
    *(_room("demo/", "mfadesk.demo.urls") if settings.DEMO else []),
    *_room("api/v1/", "mfadesk.api.urls"),
    *_room("", "mfadesk.portal.urls"),
    *_room("", "mfadesk.console.urls"),
]
