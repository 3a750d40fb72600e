"""The case engine: commands become events, events fold to state, effects are data. Pure; the clock is an argument."""
