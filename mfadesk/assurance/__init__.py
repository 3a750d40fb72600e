"""What it would cost to fake this caller: attack cost over evidence, compared with what the action is worth."""
