"""What people read about teaching a label."""

from __future__ import annotations

from search_service.review.teaching.examples import Collected, TaughtConcept
from search_service.review.teaching.trial import LEAST, Trial


def line(of: TaughtConcept, found: Collected, trial: Trial) -> str:
    """Return where a label stands: what is lacking, or how good its verifier is."""
    return " ".join(part for part in (_stand(of, found, trial), _left_out(found)) if part)


def _stand(of: TaughtConcept, found: Collected, trial: Trial) -> str:
    right, wrong = found.right, len(found.known) - found.right
    if of.model is None:
        return "There is no search model yet, so crops have no embeddings: a SigLIP worker has to run once."
    if not found.known:
        return f"Nobody has said of an object whether it is {of.label!r}."
    if not wrong:
        return f"There is no example that is not {of.label!r}: reject at least {LEAST} objects that are something else."
    if not right:
        return f"There is no example that is {of.label!r}: say of at least {LEAST} objects that they are right."
    if trial.wanted_right or trial.wanted_wrong:
        return (f"{right} right and {wrong} wrong examples are too few: at least {LEAST} of either are needed, "
                f"{trial.wanted} more.")
    if not trial.paid:
        return (f"{right} right and {wrong} wrong examples make nothing better than the score that is there: about "
                f"{trial.wanted} more may.")
    return (f"{right} right and {wrong} wrong examples: of two objects, one right and one wrong, the right one has the "
            f"higher score in {trial.ranked * 100:.1f} % of pairs that it did not learn from, by the model's own score "
            f"in {trial.ranked_by_score * 100:.1f} %.")


def _left_out(found: Collected) -> str:
    waiting = f"{found.waiting} wait for the embedding of their crop." if found.waiting else ""
    gone = (f"{found.gone} do not count: their task was deleted, or the object is not among the current detections."
            if found.gone else "")
    return " ".join(part for part in (waiting, gone) if part)
