"""Drills: scenarios played through the real operations and the real executor, by players who know only what they would know."""
