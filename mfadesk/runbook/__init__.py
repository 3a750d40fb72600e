"""The runbook language: typed decision trees that are data. A case is pinned to the digest of the one it began with."""
