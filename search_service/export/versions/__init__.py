"""Versions of a project's dataset: every export is one."""
