"""`argus trust`: what verified acceptance has proven, and checking its certificates."""

from __future__ import annotations

from pathlib import Path

import click

from argus.errors import ArgusError
from argus_cli.output import HelpGroup, json_option, plural, print_json, print_table, project_option, say


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
    """Show the samples and certificates of a project."""
    from search_service.review.verification import reports

    found = reports.status(project_id)
    if as_json:
        print_json(found)
        return
    for sample in found.samples:
        say(f"sample {sample.id}, {sample.state}: {plural(sample.objects, 'object')} on "
            f"{plural(sample.tasks, 'task')}, {plural(sample.judgements, 'judgement')} {sample.reason}".rstrip())
        print_table(["from", "objects", "certified", ""], [
            [step.edge, step.objects, "yes" if step.certified else "no", step.line] for step in sample.steps])
    if found.certificates:
        print_table(["acceptance", "issued", "state", ""], [
            [", ".join(map(str, one.acceptances)), one.issued_at.isoformat()[:16].replace("T", " "), one.state,
             one.reason or one.sentence] for one in found.certificates])
    say(found.note)


@trust.command("certificates")
@project_option
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Where the files go; it is made if it is not there.")
@json_option
def export(project_id: int, out: Path, as_json: bool) -> None:
    """Write the valid certificates of a project, a file each, for `argus trust check`."""
    from search_service.review.verification import certificate as certificates
    from search_service.review.verification import reports

    found = reports.certificates(project_id).certificates
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for one in (issued.certificate for issued in found if issued.state == "valid"):
        path = out / f"certificate-{one.sample}-{one.edge:g}-{one.digest[:8]}.json"
        path.write_text(certificates.written(one), "utf-8")
        written.append(str(path))
    if as_json:
        print_json({"files": written, "void": len(found) - len(written)})
        return
    for name in written:
        say(name)
    say(f"{plural(len(written), 'certificate')}; {len(found) - len(written)} void")
