"""Thumbnails, crops and details of tasks, for the page."""
