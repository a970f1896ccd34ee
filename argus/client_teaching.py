"""The part of the client that teaches labels: `Argus(…).teaching`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from argus.answers.teaching import LabelTeaching, Teaching, TeachMe


class TaughtLabels:
    """Verifiers of labels. Every method raises `ArgusError`, as those of `Argus` do.

        found = argus.teaching.show(1, "cpu")
        if found.draft and found.draft.paid:
            argus.teaching.use(1, "cpu", found.draft.key)
    """

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def overview(self, project: int) -> Teaching:
        """Return how far the labels of a project are taught."""
        found: Teaching = self._send(Teaching, "GET", f"/projects/{project}/teaching")
        return found

    def show(self, project: int, label: str) -> LabelTeaching:
        """Return how far a label is taught, and what its examples would make."""
        found: LabelTeaching = self._send(LabelTeaching, "GET",
                                          f"/projects/{project}/teaching/label?label={quote(label, safe='')}")
        return found

    def next(self, project: int, label: str = "", *, limit: int = 12) -> TeachMe:
        """Return the objects whose verdicts would teach most, of a label or mixed over all."""
        asked = urlencode({"limit": limit} | ({"label": label} if label else {}))
        found: TeachMe = self._send(TeachMe, "GET", f"/projects/{project}/teaching/next?{asked}")
        return found

    def use(self, project: int, label: str, key: str, *, end_samples: bool = False) -> LabelTeaching:
        """Let a verifier make the scores of a label: that of the draft, or an earlier one."""
        done: LabelTeaching = self._send(LabelTeaching, "POST", f"/projects/{project}/teaching/use", {
            "label": label, "key": key, "end_samples": end_samples})
        return done

    def switch_off(self, project: int, label: str, *, end_samples: bool = False) -> LabelTeaching:
        """Show the model's own scores of a label again."""
        done: LabelTeaching = self._send(LabelTeaching, "POST", f"/projects/{project}/teaching/off", {
            "label": label, "end_samples": end_samples})
        return done
