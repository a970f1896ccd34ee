"""Argus: AI assist for Label Studio. This package holds what its processes share; no Flask and no torch below here."""

__version__ = "0.1.0"
