"""Kills the desk at every commit and around every provider call, and looks whether what comes out is the same."""
