"""The part of the client that verifies what is accepted: `Argus(…).trust`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from argus.answers.calibration import Arm, FrameSample, FrameSamples, Labour
from argus.answers.trust import (
    Certificate,
    Certificates,
    Kind,
    ObjectVerdict,
    ObjectVerdicts,
    Sample,
    SampleCourse,
    SampleItems,
    TrustStatus,
    Verdict,
    VerifiedAcceptance,
)


class Trust:
    """Samples, judgements and certificates. Every method raises `ArgusError`, as those of `Argus` do.

        sample = argus.trust.sample(1)
        for item in argus.trust.next(sample.id).items:
            sample = argus.trust.judge(sample.id, [(item.place, "right")])
    """

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def status(self, project: int) -> TrustStatus:
        """Return the samples and certificates of a project, newest first, and what is known of its labels' scores."""
        found: TrustStatus = self._send(TrustStatus, "GET", f"/projects/{project}/trust")
        return found

    def sample(self, project: int, edges: Sequence[float] | None = None, *, kind: Kind = "objects",
               label: str | None = None, target: float = 0.95, confidence: float = 0.95, new: bool = False) -> Sample:
        """Go on with the open sample of a project, or draw one: of all labels, of one, or (`kind="nothing_found"`) of
        frames in which nothing was found."""
        made: Sample = self._send(Sample, "POST", f"/projects/{project}/trust/samples", {
            "edges": list(edges) if edges else None, "kind": kind, "label": label, "target": target,
            "confidence": confidence, "new": new})
        return made

    def show(self, sample: int) -> Sample:
        """Return a sample and what its judgements show."""
        found: Sample = self._send(Sample, "GET", f"/trust/samples/{sample}")
        return found

    def next(self, sample: int, limit: int = 8, edge: float | None = None, screen: str = "") -> SampleItems:
        """Return the next objects to judge; nobody else is given them for a minute."""
        found: SampleItems = self._send(SampleItems, "POST", f"/trust/samples/{sample}/claim",
                                        {"limit": limit, "edge": edge, "screen": screen})
        return found

    def course(self, sample: int, edge: float) -> SampleCourse:
        """Return how the bound of a threshold went, from the first judgement on."""
        went: SampleCourse = self._send(SampleCourse, "GET", f"/trust/samples/{sample}/course", params={"edge": edge})
        return went

    def judge(self, sample: int, judgements: Iterable[tuple[int, Verdict]]) -> Sample:
        """Judge objects by their place: right, wrong or unsure, which counts as wrong."""
        found: Sample = self._send(Sample, "POST", f"/trust/samples/{sample}/judgements", {
            "judgements": [{"place": place, "verdict": verdict} for place, verdict in judgements]})
        return found

    def take_back(self, sample: int, place: int | None = None) -> Sample:
        """Take back your own judgement of a place, or the last one."""
        found: Sample = self._send(Sample, "POST", f"/trust/samples/{sample}/take-back", {"place": place})
        return found

    def accept(self, sample: int, edge: float) -> VerifiedAcceptance:
        """Accept what a sample certifies from a threshold up. Raises `not_certified`."""
        made: VerifiedAcceptance = self._send(VerifiedAcceptance, "POST", f"/trust/samples/{sample}/accept",
                                              {"edge": edge})
        return made

    def certificate(self, acceptance: int) -> Certificate:
        """Return the certificate of an acceptance; raises `not_certified` for one that is void."""
        found: Certificate = self._send(Certificate, "GET", f"/acceptances/{acceptance}/certificate")
        return found

    def certificates(self, project: int) -> Certificates:
        """Return every certificate of a project with its state."""
        found: Certificates = self._send(Certificates, "GET", f"/projects/{project}/trust/certificates")
        return found

    def recall(self, project: int) -> FrameSamples:
        """Return the samples of frames of a project, newest first."""
        found: FrameSamples = self._send(FrameSamples, "GET", f"/projects/{project}/trust/recall")
        return found

    def check_frames(self, project: int, frames: int = 60) -> FrameSample:
        """Go on with the open sample of frames, or draw one."""
        made: FrameSample = self._send(FrameSample, "POST", f"/projects/{project}/trust/recall", {"frames": frames})
        return made

    def frame_checked(self, project: int, task: int, *, found: int, missing: int) -> FrameSample:
        """Store what was counted on a frame: predicted objects that are right, and objects that are missing."""
        told: FrameSample = self._send(FrameSample, "POST", f"/projects/{project}/trust/recall/checks",
                                       {"task": task, "found": found, "missing": missing})
        return told

    def labour(self, project: int) -> Labour:
        """Return what people did in the review of a project, in actions; minutes come with the control arm."""
        done: Labour = self._send(Labour, "GET", f"/projects/{project}/trust/labour")
        return done

    def arm(self, project: int, share: float) -> Arm:
        """Let this share of new tasks be labelled without predictions, 0 to 0.5; 0 switches that off."""
        made: Arm = self._send(Arm, "PUT", f"/projects/{project}/trust/arm", {"share": share})
        return made

    def say(self, project: int, task: int,
            verdict: Literal["right", "wrong", "unsure", "relabelled", "moved", "added"], *, object: str = "",
            label: str = "", box: Sequence[float] | None = None) -> ObjectVerdict:
        """Store what you say of a predicted object, or that one is missing ("added")."""
        said: ObjectVerdict = self._send(ObjectVerdict, "POST", f"/projects/{project}/review/verdicts", {
            "task": task, "verdict": verdict, "object": object, "label": label, "box": list(box) if box else None})
        return said

    def verdicts(self, project: int, task: int | None = None) -> ObjectVerdicts:
        """Return what was said of objects and not taken back, newest first."""
        found: ObjectVerdicts = self._send(ObjectVerdicts, "GET", f"/projects/{project}/review/verdicts",
                                           params={} if task is None else {"task": task})
        return found
