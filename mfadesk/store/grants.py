"""What the web tier's database role needs, and no more: the wall's other half on PostgreSQL.

The executor's role owns the tables. The web tier's may not touch what it only reads (the directory, the executor's registers and
signed checkpoints), and may add to the record but neither change nor take away.
"""

from __future__ import annotations

from mfadesk.kernel.errors import Invalid

READS = ("personrow", "contactrow", "stafffact", "staffkey", "checkpoint", "snapshot")
"""Tables of the store that only the executor and the directory's import write."""

ADDS_TO = ("eventrow", "alert", "report")
"""Tables into which rows only ever come."""


def grants_for(role: str) -> str:
    """Return SQL that gives `role` what the web tier and the worker need. Raises Invalid for a name that is no plain one."""
    if not role or len(role) > 63 or not all(c.isascii() and (c.isalnum() or c == "_") for c in role):
        raise Invalid("role", "Letters, digits and underscore, 63 at most.")
    reads, adds_to = (", ".join(f"store_{name}" for name in names) for names in (READS, ADDS_TO))
    return (
        f'GRANT USAGE ON SCHEMA public TO "{role}";\n'
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}";\n'
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}";\n'
        f'REVOKE INSERT, UPDATE, DELETE ON {reads}, django_migrations FROM "{role}";\n'
        f'REVOKE UPDATE, DELETE ON {adds_to} FROM "{role}";\n'
    )
