"""`argus trust check`: what it says of a certificate, and of every other file. It asks no server."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from argus_cli.main import main
from search_service.review.verification import certificate as certificates
from search_service.review.verification.certificate import Accepted, Judgement, Sample, issue
from search_service.review.verification.sample import Scope
from search_service.review.verification.thresholds import FRAME_EDGE, Listed

AT = "2026-01-02T03:04:05+00:00"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("it asked a server")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    objects = tuple(Listed(task, "a", 0.95) for task in range(100))
    sample = Sample(3, 7, "v1", AT, "5eed", 0.95, 0.95, (0.9,), objects)
    judgements = [Judgement(place, "right", "ann@example.com", AT) for place in range(60)]
    made = issue(sample, judgements, Accepted(0.9, (11,), tuple(range(100))), AT)
    path = tmp_path / "certificate.json"
    path.write_text(certificates.written(made), "utf-8")
    return path


def check(path: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["trust", "check", str(path), *options])


def test_check__says_the_sentence_of_one_that_holds(file: Path) -> None:
    shown = check(file)
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Of the 100 objects accepted here, at least ") and "holds" in shown.output
    told = json.loads(check(file, "--json").stdout)
    assert told["holds"] is True and told["acceptances"] == [11] and told["sentence"] in shown.output


@pytest.mark.parametrize(("old", "new", "exit_code"), [
    ('"right"', '"wrong"', 5), ('[5,"a",0.95],', "", 5), ("5eed", "feed", 5), ('"version":1', '"version":2', 2),
    ('"format":"argus certificate"', '"format":"x"', 2), ("{", "", 2)])
def test_check__never_says_holds_of_another_file(file: Path, old: str, new: str, exit_code: int) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    for options in ((), ("--json",)):
        shown = check(file, *options)
        assert shown.exit_code == exit_code and "holds" not in shown.output and "at least" not in shown.output


def test_check__a_consistent_digest_does_not_make_a_changed_one_hold(file: Path) -> None:
    body = json.loads(file.read_text("utf-8"))
    body["judgements"][3][1] = "wrong"
    file.write_text(json.dumps({**body, "digest": certificates.body_digest(body)}), "utf-8")
    shown = check(file)
    assert shown.exit_code == 5 and "does not hold" in shown.output


def test_check__a_file_that_is_not_there(tmp_path: Path) -> None:
    assert check(tmp_path / "none.json").exit_code == 2
    assert check(tmp_path).exit_code == 2


@pytest.mark.parametrize(("scope", "others", "begins", "ends"), [
    (Scope("objects", ("cpu",)), 3, "Of the 100 objects of cpu accepted here, at least ", "were accepted with them."),
    (Scope("nothing_found", ("cpu", "fan")), 0, "Of the 100 frames accepted here as empty, at least ",
     "0 were wrong.")])
def test_check__of_one_label_and_of_empty_frames__and_changed_ones(tmp_path: Path, scope: Scope, others: int,
                                                                   begins: str, ends: str) -> None:
    objects = tuple(Listed(task, "" if scope.kind == "nothing_found" else "a", FRAME_EDGE) for task in range(100))
    sample = Sample(3, 7, "v1", AT, "5eed", 0.95, 0.95, (FRAME_EDGE,), objects, scope)
    judgements = [Judgement(place, "right", "ann@example.com", AT) for place in range(60)]
    made = issue(sample, judgements, Accepted(FRAME_EDGE, (11,), tuple(range(100)), others), AT)
    path = tmp_path / "certificate.json"
    path.write_text(certificates.written(made), "utf-8")
    shown = check(path)
    assert shown.exit_code == 0 and shown.output.startswith(begins) and "The certificate holds" in shown.output
    assert shown.output.splitlines()[0].endswith(ends)
    for name, value in (("labels", ["fan"]), ("other_objects", others + 1), ("list_digest", "feed")):
        body = {**made.model_dump(mode="json"), name: value}
        for digest in (made.digest, certificates.body_digest(body)):
            path.write_text(json.dumps({**body, "digest": digest}), "utf-8")
            assert check(path).exit_code == 5 and "The certificate holds" not in check(path).output, (name, digest)
