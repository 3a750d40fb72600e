"""Tags for this room's own templates."""
