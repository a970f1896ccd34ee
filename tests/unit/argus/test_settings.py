from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from argus.settings import Settings


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_docs_table_is_made_from_the_settings() -> None:
    from scripts.reference import settings_table

    assert settings_table() in Path("docs/settings.md").read_text("utf-8"), "run `make docs`"


def test_a_long_home_gets_a_short_socket_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    assert len(str(Settings(home=deep).run_dir)) < 80
    assert Settings(home=deep).run_dir != Settings(home=tmp_path / ("y" * 90)).run_dir


def test_token__from_the_setting_else_from_the_file(tmp_path: Path) -> None:
    assert Settings(home=tmp_path, label_studio_token="").access_token == ""
    (tmp_path / "label-studio.token").write_text("kept\n")
    assert Settings(home=tmp_path, label_studio_token="").access_token == "kept"
    assert Settings(home=tmp_path, label_studio_token="given").access_token == "given"


@pytest.mark.parametrize("wrong", [{"score_threshold": 1.5}, {"siglip_batch": 0}, {"sam3_engine": "magic"},
                                   {"score_threshold": 0.05}, {"keep_threshold": 0.5}, {"band_high": 0.6},
                                   {"band_medium": 0}])
def test_values_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)
