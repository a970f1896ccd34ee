"""Runs over many tasks: their rows, their jobs, what they would cost, and previews."""
