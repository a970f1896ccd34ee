"""`argus trust`: what verified acceptance has proven, and checking its certificates."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from argus.answers.calibration import FrameSample, LabelTrust
from argus.answers.trust import Sample
from argus.errors import ArgusError
from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say
from argus_cli.recorded import recorded


@click.group(cls=HelpGroup)
def trust() -> None:
    """Verified acceptance: what random samples prove of the objects that were accepted.

    A certificate says at least how many of the accepted objects are right, as the people who judged the sample see it.
    Plain bulk acceptance (argus review accept) has none: it is not verified.
    """


@trust.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Check the certificate in FILE; needs no server.

    The sample is drawn again from its seed, the judgements are counted again, and the bound is computed again. Ends
    with status 0 only when the certificate holds. The digest in the file is no signature: to be sure that a service
    issued it, compare the file with what that service exports.
    """
    from search_service.review.verification import certificate as certificates

    found = certificates.read(file.read_bytes())
    wrong = certificates.problems(found)
    if wrong:
        raise ArgusError("not_certified", f"The certificate does not hold: {' '.join(wrong)}",
                         "Nothing it says is proven; export it again from the service.", problems=wrong)
    if as_json:
        print_json({"holds": True, "sentence": found.sentence, "project": found.project, "digest": found.digest,
                    "acceptances": found.acceptances, "accepted_tasks": len(found.accepted_tasks)})
        return
    say(found.sentence)
    say(f"The certificate holds. Project {found.project}, acceptance {', '.join(map(str, found.acceptances))}, issued "
        f"{found.issued_at[:16].replace('T', ' ')}, SHA-256 {found.digest}")


@trust.command()
@project_option
@json_option
def status(project_id: int, as_json: bool) -> None:
    """Show the samples and certificates of a project, and what people's verdicts say of its labels' scores.

    "looks like" is what was seen; only "certified" is proven.
    """
    from search_service.review import trust_status
    from search_service.review.calibration import reports as calibration

    found = trust_status.status(project_id)
    if as_json:
        print_json(found)
        return
    for sample in found.samples:
        say(f"sample {sample.id}, {sample.state}: {_what(sample)}, {plural(sample.judgements, 'judgement')} "
            f"{sample.reason}".rstrip())
        scored = sample.kind == "objects"
        print_table(["from" if scored else "", "objects" if scored else "frames", "certified", ""], [
            [step.edge if scored else "", step.objects, "yes" if step.certified else "no", step.line]
            for step in sample.steps])
    _print_labels(found.labels)
    if found.certificates:
        print_table(["acceptance", "issued", "state", ""], [
            [", ".join(map(str, one.acceptances)), one.issued_at.isoformat()[:16].replace("T", " "), one.state,
             one.reason or one.sentence] for one in found.certificates])
    for hint in found.hints:
        say(hint.line)
    say(calibration.labour(project_id).line)
    say(found.note)


def _what(sample: Sample) -> str:
    """Return what is on the list of a sample, and what is accepted with it."""
    if sample.kind == "nothing_found":
        return f"{plural(sample.objects, 'frame')} in which nothing was found"
    of = f" of {sample.labels[0]}" if sample.labels else ""
    others = f" (with {plural(sample.others, 'object')} of other labels, not verified)" if sample.others else ""
    return f"{plural(sample.objects, 'object')}{of} on {plural(sample.tasks, 'task')}{others}"


def _print_labels(labels: list[LabelTrust]) -> None:
    """Print what was seen of each label's scores: a row for each class that somebody judged objects of."""
    rows = [[label.label, f"{one.start:g} to {one.end:g}", f"{one.outcomes:.0f}", f"{one.share * 100:.1f} %",
             f"{one.low * 100:.1f} to {one.high * 100:.1f} %"]
            for label in labels for one in label.classes if one.share is not None]
    if rows:
        print_table(["label", "score", "outcomes", "looks like", "interval at 95 %"], rows)
    for label in labels:
        say(label.line)


@trust.command()
@project_option
@click.option("--frames", default=60, show_default=True, type=click.IntRange(1, 2000), metavar="N",
              help="How many random frames to check; fixed before the first.")
@click.option("--checked", nargs=3, type=click.IntRange(min=0), metavar="TASK FOUND MISSING",
              help="What you counted on a frame: predicted objects that are right, and objects that are missing.")
@json_option
@recorded("trust.recall")
def recall(project_id: int, frames: int, checked: tuple[int, int, int] | None, as_json: bool) -> None:
    """Measure how many objects are found: check random frames in full.

    Draws the frames, or goes on with those that are drawn, and lists the next ones. The result is shown after the last.

        argus trust recall --project 1
        argus trust recall --project 1 --checked 17 3 1
    """
    from search_service.review.calibration import recall as frame_samples

    found = frame_samples.check(project_id, *checked) if checked else frame_samples.open_sample(project_id, frames)
    if as_json:
        print_json(found)
        return
    _say_sample(found)


@trust.command()
@project_option
@click.option("--share", required=True, type=click.FloatRange(0, 0.5), metavar="SHARE",
              help="Of the tasks that come from now on, 0 to 0.5; 0.03 is 3 %, 0 switches it off.")
@json_option
@recorded("trust.arm")
def arm(project_id: int, share: float, as_json: bool) -> None:
    """Let a share of new tasks be labelled without predictions, to measure the time that predictions save.

    They are drawn at random before anything is predicted on them, and wait in Label Studio's view "Review: without
    predictions" until somebody labels them by hand. `argus trust status` compares the times.

        argus trust arm --project 1 --share 0.03
    """
    from search_service.review.calibration import arm as control

    found = control.set_share(project_id, share)
    if as_json:
        print_json(found)
        return
    say(f"{share * 100:g} % of new tasks are labelled without predictions. "
        f"Waiting for that now: {plural(len(found.waiting), 'task')}." if share else
        "The control arm is off: what waited is predicted as other tasks are.")


def _say_sample(sample: FrameSample) -> None:
    say(sample.line)
    if sample.next:
        say(f"Next: {', '.join(str(one.task) for one in sample.next)}. Count on each: objects found right, and objects "
            "missing.")


@trust.command("certificates")
@project_option
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Where the files go; it is created if it does not exist.")
@json_option
def export(project_id: int, out: Path, as_json: bool) -> None:
    """Write the valid certificates of a project, a file each, for `argus trust check`."""
    from search_service.review.verification import certificate as certificates
    from search_service.review.verification import reports

    found = reports.certificates(project_id).certificates
    left = Counter(issued.state for issued in found)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for one in (issued.certificate for issued in found if issued.state == "valid"):
        path = out / f"certificate-{one.sample}-{one.edge:g}-{one.digest[:8]}.json"
        path.write_text(certificates.written(one), "utf-8")
        written.append(str(path))
    if as_json:
        print_json({"files": written, "void": left["void"], "refuted": left["refuted"]})
        return
    for name in written:
        say(name)
    say(f"{plural(len(written), 'certificate')}; {left['void']} void, {left['refuted']} refuted by later corrections")
