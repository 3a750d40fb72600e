"""Migrations of the shared cache."""
