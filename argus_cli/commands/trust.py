"""`argus trust`: what verified acceptance has proven, and checking its certificates."""

from __future__ import annotations

from pathlib import Path

import click

from argus.errors import ArgusError
from argus_cli.output import HelpGroup, json_option, print_json, say


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
