"""What an attacker can bring, worked out from what it controls: for the matrix and for the scenarios.

Written without the product's search: a method is defeated if some alternative lies within what is controlled or always held.
"""

from datetime import UTC, datetime, timedelta
from itertools import chain, combinations

from mfadesk.assurance.circumstances import ALWAYS_HELD
from mfadesk.assurance.model import Evidence

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
OPERATOR, SECOND = "insider_operator", "insider_second_operator"


def proof(method, second=False):
    """One method passed just now."""
    return Evidence(method, NOW, NOW + timedelta(hours=1), "test", second_attested=second)


def find_presentable(controls, defeated_by, attested):
    """Every piece of evidence that `controls` can bring about.

    defeated_by: alternatives by factor method. attested: the methods that are an operator's word.
    A second operator is honest unless bought: what fools the first fools the second, but a bought first one does not sway them.
    """
    have = frozenset(controls) | ALWAYS_HELD
    found = []
    for method, ways in sorted(defeated_by.items()):
        fooled = any(way <= have - {OPERATOR} for way in ways)
        bought = any(way <= have for way in ways) or (method in attested and OPERATOR in have)
        if fooled or bought:
            second = method in attested and (fooled or SECOND in have)
            found.append(proof(method, second))
    return found


def subsets(evidence):
    """Every part of `evidence`, the whole included."""
    return chain.from_iterable(combinations(evidence, size) for size in range(len(evidence) + 1))
