"""The part of the client that teaches labels, and lets them be looked for by references: `Argus(…).teaching`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from argus.answers.references import References
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

    def references(self, project: int) -> References:
        """Return the regions that the labels of a project are looked for by."""
        found: References = self._send(References, "GET", f"/projects/{project}/references")
        return found

    def add_reference(self, project: int, label: str, task: int, box: Sequence[float], *,
                      end_samples: bool = False) -> References:
        """Let a label be looked for by a region of a task's image: `box` is x, y, width, height in percent."""
        done: References = self._send(References, "POST", f"/projects/{project}/references", {
            "label": label, "task": task, "box": list(box), "end_samples": end_samples})
        return done

    def add_object(self, project: int, label: str, number: int, *, end_samples: bool = False) -> References:
        """Let a label be looked for by an object, as a search of objects numbers it."""
        done: References = self._send(References, "POST", f"/projects/{project}/references", {
            "label": label, "object": number, "end_samples": end_samples})
        return done

    def remove_reference(self, project: int, reference: int, *, end_samples: bool = False) -> References:
        """Forget a reference; after a label's last one its own words count again."""
        ends = "?end_samples=true" if end_samples else ""
        done: References = self._send(References, "DELETE", f"/projects/{project}/references/{reference}{ends}")
        return done
