"""Verified acceptance: a random sample of the objects to accept is judged, and what that proves of all of them."""
