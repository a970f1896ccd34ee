"""Which classes of a detector stand for which label."""

from __future__ import annotations

import pytest

from label_studio_config.class_mapping import by_name, classes_of, left


@pytest.mark.parametrize(("label", "name"), [
    ("cpu", "CPU"), ("hard_disk", "hard disk"), ("Hard  disk", "hard_disk"), ("cpu", "ｃｐｕ"), ("ファン", "ﾌｧﾝ"),
    ("fan", " fan ")])
def test_by_name__case_width_and_underscores_do_not_count(label: str, name: str) -> None:
    assert by_name([label, "other"], ["chip", name]) == {label: [name], "other": []}


@pytest.mark.parametrize(("label", "name"), [("cpu", "cpus"), ("hard disk", "harddisk"), ("fan", "blower")])
def test_by_name__another_name_is_not_guessed(label: str, name: str) -> None:
    assert by_name([label], [name]) == {label: []}


def test_by_name__labels_that_differ_in_case_only_want_the_very_name() -> None:
    assert by_name(["CPU", "cpu"], ["cpu", "Cpu"]) == {"CPU": [], "cpu": ["cpu"]}


def test_classes_of__what_a_person_said_wins_and_is_not_used_twice() -> None:
    labels, classes = ["cpu", "fan", "disk"], ["CPU", "fan", "disk", "hdd"]
    assert classes_of(labels, classes, {}) == {"cpu": ["CPU"], "fan": ["fan"], "disk": ["disk"]}
    said = {"fan": ["CPU", "fan"], "disk": []}
    assert classes_of(labels, classes, said) == {"cpu": [], "fan": ["CPU", "fan"], "disk": []}
    assert left(classes, classes_of(labels, classes, said)) == ["disk", "hdd"]


def test_classes_of__what_is_not_there_any_more_does_not_count() -> None:
    assert classes_of(["cpu"], ["chip"], {"cpu": ["CPU", "chip"], "gone": ["chip"]}) == {"cpu": ["chip"]}
    assert classes_of(["cpu"], [], {"cpu": ["CPU"]}) == {"cpu": []}
