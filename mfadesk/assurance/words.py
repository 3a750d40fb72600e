"""An attack in words, for the verification board and the record. Staff read these; a caller never does.

The caller must learn nothing from a refusal, so no sentence here may reach the portal or be spoken (rule: denials tell the
operator what to do and the caller nothing that helps an attacker).
"""

from __future__ import annotations

from mfadesk.assurance.model import Attack, Compromise, Policy


def say_attack(attack: Attack, policy: Policy) -> str:
    """Return one sentence that says what would have been enough to produce the evidence.

    ``One stolen or copied SIM would be enough.`` For an empty attack: ``What every impostor has already would be enough.``
    """
    if not attack.compromises:
        return "What an impostor has already would be enough."
    listed = join([say_compromise(name, policy) for name in _dearest_first(attack, policy)])
    return f"{listed[0].upper()}{listed[1:]} would be enough."


def say_held(held: frozenset[Compromise], policy: Policy) -> tuple[str, ...]:
    """Return, in name order, what is taken as the attacker's already; what concerns one attribute says which."""
    return tuple(say_compromise(name, policy) for name in sorted(held))


def say_compromise(name: Compromise, policy: Policy) -> str:
    """Return the words of one compromise; a scoped one such as ``hr_data_write:mobile`` names the data it concerns."""
    base, _, scope = name.partition(":")
    words = policy.compromises[base].words if base in policy.compromises else base.replace("_", " ")
    return f"{words} ({scope.replace('_', ' ')})" if scope else words


def join(parts: list[str]) -> str:
    """Return ``a``, ``a and b``, or ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _dearest_first(attack: Attack, policy: Policy) -> list[Compromise]:
    return sorted(attack.compromises, key=lambda name: (-policy.compromises[name].points, name))
