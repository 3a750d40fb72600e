"""Policy files and their schema: data, no code."""
