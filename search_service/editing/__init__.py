"""Annotations that people make and change on the page, and what a click on a picture finds."""
