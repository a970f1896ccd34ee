"""Existing labels brought into a project: read from files, matched with its tasks, written as annotations or
predictions, and taken back.
"""
