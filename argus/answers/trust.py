"""Samples, judgements and certificates of verified acceptance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from argus.answers.base import Answer, Moment
from argus.answers.calibration import CorrectionHint, LabelTrust, Labour, Sweep

Verdict = Literal["right", "wrong", "unsure"]
Kind = Literal["objects", "nothing_found"]


def _is_none(value: Kind | list[str] | int | None) -> bool:
    return value is None


class Certificate(Answer):
    """What was proven of an acceptance, with all that is needed to prove it again (`argus trust check FILE`)."""

    format: Literal["argus certificate"]
    version: Literal[1, 2]
    """1: of objects of all labels; it has no `kind`, `labels` and `other_objects`. 2: of one label, or of frames."""
    kind: Kind | None = Field(default=None, exclude_if=_is_none)
    """What the list is of; nothing_found: of frames in which nothing was found."""
    labels: list[str] | None = Field(default=None, exclude_if=_is_none)
    """Of objects: the one label that it speaks of. Of frames: those that were looked for in them."""
    other_objects: int | None = Field(default=None, exclude_if=_is_none)
    """Objects of other labels on the accepted tasks: accepted with the others, and nothing is said of them."""
    sentence: str
    """The only thing that is guaranteed."""
    project: int
    model_version: str
    sample: int
    listed_at: str
    """When the list of objects was fixed; the seed was drawn afterwards."""
    list_digest: str
    """SHA-256 of the sorted keys "task:object", a line each."""
    seed: str
    """Decides the order of the objects: they are sorted by the SHA-256 of seed, line feed and key."""
    target: float
    """Share of right objects to be shown."""
    confidence: float
    edges: list[float]
    """The threshold ladder from high to low, fixed with the list."""
    edge: float
    """The threshold that was accepted from, by the lowest score of a task."""
    objects: list[tuple[int, str, float]]
    """The list: task, object, and the lowest score of the task; of a frame, the object is "" and the score 1."""
    judgements: list[tuple[int, Verdict, str, str]]
    """Place in the drawn order from 0, verdict, by whom ("": not named), and when."""
    acceptances: list[int]
    accepted_tasks: list[int]
    accepted_objects: int
    """Those on the list; of frames, so many of them."""
    judged: int
    """Objects from the threshold up, to the first in drawn order that nobody has judged."""
    wrong: int
    """Of those: judged wrong or unsure, or two verdicts that differ."""
    most_wrong: int
    """Wrong objects from the threshold up at most, those that were seen included."""
    least_right: float
    """Least share of right objects among those accepted."""
    issued_at: str
    digest: str
    """SHA-256 of all the rest as canonical JSON: keys sorted, no spaces, UTF-8. Not a signature."""


class SampleStep(Answer):
    """One threshold of a sample's ladder, and what was shown of it."""

    edge: float
    objects: int
    """Of the list, from the threshold up."""
    judged: int
    """In drawn order, up to the first that nobody has judged."""
    wrong: int
    accepted: int
    """Objects that would be accepted: on tasks without an object that was judged wrong."""
    others: int
    """Objects of other labels on these tasks, which would be accepted with them; nothing is shown of these."""
    most_wrong: int
    least_right: float
    certified: bool
    """Whether the target is reached here and at all thresholds above."""
    more: int
    """Further judgements that would reach the target if all were right."""
    line: str
    """The same in a sentence."""


class LaterCorrections(Answer):
    """What was corrected of a certificate's objects after they were accepted."""

    corrected: int
    """Objects that were deleted, relabelled, or lie elsewhere now; frames that are not empty any more."""
    allowed: int
    """Of the accepted ones are wrong at most, as the certificate says; with more it is refuted."""
    tasks: list[int]
    """That these objects are on."""


class CertificateSummary(Answer):
    """A certificate in a list."""

    id: int
    sample: int
    kind: Kind
    labels: list[str]
    """Of objects: the only label it is about, none: all. Of frames: those that were looked for in them."""
    edge: float
    """1 for frames, which have no score."""
    acceptances: list[int]
    state: Literal["valid", "void", "refuted"]
    """refuted: more of its objects were corrected later than it says can be wrong."""
    reason: str
    """Why it is not valid."""
    later: LaterCorrections | None
    """null while nothing of it was corrected, and for a void one."""
    sentence: str
    accepted_objects: int
    """That it is about; of frames, so many of them."""
    other_objects: int
    """Objects of other labels that were accepted with them; nothing is said of these."""
    least_right: float
    """Least share of right objects among those accepted."""
    judged: int
    wrong: int
    people: list[str]
    """Who judged; "": somebody who was not named."""
    confidence: float
    digest: str
    issued_at: Moment


class Sample(Answer):
    """A fixed list of objects in a random order, and what its judgements show."""

    id: int
    project: int
    model_version: str
    kind: Kind
    """nothing_found: of frames in which nothing was found."""
    labels: list[str]
    """Of objects: the only label whose objects are listed, none: all. Of frames: those that were looked for."""
    state: Literal["open", "certified", "stopped", "void"]
    reason: str
    """Why it is void."""
    target: float
    confidence: float
    budget: int
    """Judgements after which another way than to judge on is the better one."""
    objects: int
    """On the list; of frames, so many of them."""
    tasks: int
    others: int
    """Objects of other labels on these tasks, which are on no list of this sample."""
    judgements: int
    digest: str
    """Of the list: SHA-256 of its sorted keys."""
    created_by: str
    created_at: Moment
    continued: bool
    """Whether it was there before it was asked for: a sample is continued and never drawn anew."""
    steps: list[SampleStep]
    certificates: list[CertificateSummary]


class SampleItem(Answer):
    """An object to judge, at its place in the drawn order."""

    place: int
    task: int
    object: str
    """Empty for a whole frame."""
    label: str
    score: float | None
    """None for a whole frame."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 as fractions of the image's sides."""


class SampleItems(Answer):
    """The next objects to judge, in the order to judge them; nobody else is given them for a minute."""

    edge: float
    """The threshold they serve."""
    items: list[SampleItem]
    with_others: int
    """Open objects from there up that somebody else was given just now."""


class SamplePoint(Answer):
    """What a sample showed after so many judgements."""

    judged: int
    wrong: int
    least_right: float


class SampleLabel(Answer):
    """What was seen of a label's first items, which are asked before the others. It proves nothing of the label; many
    wrong ones are a reason to look at it."""

    label: str
    objects: int
    """Of the list, from the threshold up."""
    first: int
    """How many of them are asked first: 15, or all."""
    judged: int
    """Of the first."""
    wrong: int
    """Of the first: judged wrong or unsure, or two verdicts that differ."""


class SampleCourse(Answer):
    """How the bound of a threshold went from the first judgement on, in at most about fifty points."""

    edge: float
    points: list[SamplePoint]
    labels: list[SampleLabel]


class VerifiedAcceptance(Answer):
    """What was accepted of a sample, and its certificate."""

    acceptance: int | None
    """None: everything had been accepted before."""
    accepted_tasks: int
    accepted_objects: int
    """Of all labels, also where the certificate is about one."""
    skipped: int
    reasons: dict[str, int]
    certificate: CertificateSummary


class TrustStatus(Answer):
    """The samples and certificates of a project, newest first, and what is known of its labels' scores."""

    project: int
    model_version: str
    samples: list[Sample]
    certificates: list[CertificateSummary]
    labels: list[LabelTrust]
    sweeps: list[Sweep]
    """Of the newest sample of all labels of the current predictions; null without one."""
    hints: list[CorrectionHint]
    """What the corrections so far suggest to change."""
    labour: Labour
    note: str


class IssuedCertificate(Answer):
    """A certificate with its state in the service."""

    state: Literal["valid", "void", "refuted"]
    reason: str
    certificate: Certificate


class Certificates(Answer):
    """Every certificate of a project, oldest first."""

    certificates: list[IssuedCertificate]


class ObjectVerdict(Answer):
    """What somebody said of an object."""

    id: int
    task: int
    object: str
    """Empty for one that was added."""
    label: str
    verdict: Literal["right", "wrong", "unsure", "relabelled", "moved", "added", "implied"]
    """implied: nobody looked at this sure object; it was accepted with the others of its task, which were judged."""
    new_label: str
    box: tuple[float, float, float, float] | None
    sample: int | None
    decided_by: str
    decided_at: Moment


class ObjectVerdicts(Answer):
    """What was said of objects and not taken back."""

    verdicts: list[ObjectVerdict]
