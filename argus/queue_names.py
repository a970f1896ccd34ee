"""The queues that carry work, and which worker takes from which."""

from __future__ import annotations

SIGLIP, SIGLIP_NOW, SIGLIP_OBJECTS = "siglip", "siglip-interactive", "siglip-objects"
SAM3, SAM3_NOW, SAM3_PREVIEW = "sam3", "sam3-interactive", "sam3-preview"
DEFAULT, EXPORT = "default", "export"
# The queues of a worker role, in the order of their priority: a person who waits goes first, objects after images.
ROLES = {"siglip": (SIGLIP_NOW, SIGLIP, SIGLIP_OBJECTS), "sam3": (SAM3_NOW, SAM3_PREVIEW, SAM3),
         "default": (DEFAULT,), "export": (EXPORT,)}
