"""A project's description and state, and how it is disconnected."""
