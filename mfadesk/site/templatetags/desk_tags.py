"""A QR code as inline SVG, so that pages need no data: images in their policy, and a secret in groups of four."""

from __future__ import annotations

import segno
from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mfadesk.ports.people import TIER_WORDS, Tier

register = template.Library()

KINDS = {"totp": "Authenticator app", "hotp": "Token that shows codes", "sms": "Text message", "webauthn": "Passkey"}
"""What abbreviations of the data model are called on a page."""


@register.simple_tag
def qr(text: str, label: str) -> SafeString:
    """Return an SVG of `text`, black on white in both themes. `label` is our own words, never a user's."""
    made = segno.make(text, error="m")
    picture = made.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None)
    # segno writes numbers and fixed attributes only; the text itself appears nowhere in the markup.
    return mark_safe(picture.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))  # noqa: S308


@register.filter
def fours(text: str) -> str:
    """Return `text` in groups of four: ``JBSW Y3DP``."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@register.filter
def tier(name: Tier) -> str:
    """Return how a tier is said: ``tier0`` becomes ``highest``."""
    return TIER_WORDS[name]


@register.filter
def plain(text: str) -> str:
    """Return a name of the data model as words: ``recovery_code`` becomes ``Recovery code``."""
    return KINDS.get(text) or text.replace("_", " ").capitalize()
