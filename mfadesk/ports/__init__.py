"""Promises of everything outside: records and Protocols, no code that does anything. `connectors` keeps them."""
