"""Label Studio as a server: one client for its REST API."""

from argus.labelstudio.client import LabelStudio, get_label_studio

__all__ = ["LabelStudio", "get_label_studio"]
