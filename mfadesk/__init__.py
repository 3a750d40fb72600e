"""mfadesk: the desk where multi-factor authentication is enrolled, repaired, replaced and taken away.

`ARCHITECTURE.md` draws the house: rooms stand on floors, and a room imports only from the floors below it.
"""

__version__ = "0.1.0"
