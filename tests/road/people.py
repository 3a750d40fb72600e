"""Who the road tests are about, and what they count."""

from __future__ import annotations

from mfadesk.store.models import Alert


def ready(play, name="hazel", **columns):
    """Return a person whose phone is gone, their old authenticator, and their case at the proof."""
    return _at_the_proof(play, play.person(name, **columns))


def with_laptop(play, name="hazel", **columns):
    """Return the same and a passkey on the person's laptop, which suffices for a replacement."""
    person = play.person(name, **columns)
    _, passkey = play.scene.add_passkey(person.login, "Laptop", "passkey", last_used_at=play.days_ago(1))
    return *_at_the_proof(play, person), passkey


def _at_the_proof(play, person):
    old = play.scene.add_authenticator(
        person.login, "totp", "Phone", last_used_at=play.days_ago(2), created_at=play.days_ago(400)
    )
    case = play.open(person)
    play.answer(case, authenticator="gone", new_device="at_hand", restored="name_only")
    return person, old, case


def alerts(*kinds):
    return Alert.objects.filter(kind__in=kinds).count()


def desk_token(play, person):
    return play.scene.add_authenticator(person.login, "totp", "Desk token", on_phone=False, created_at=play.days_ago(300))


def managed(play, **columns):
    play.person("maple", **columns)
    return play.scene.add_passkey("maple", "Laptop")[1]
