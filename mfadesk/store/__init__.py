"""Tables and the one commit. Everything that lasts is written here, or it did not happen."""
