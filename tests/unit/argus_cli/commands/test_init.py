from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from dotenv import dotenv_values

from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.commands.init import PLAIN, SECRETS, init, render

NAMES = {name for group in SECRETS.values() for name in group}


def test_init__every_secret_is_another_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    done = CliRunner().invoke(init, ["--output", str(file), "--email", "line-a@example.org"])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    values = dotenv_values(file)
    assert set(values) == NAMES | set(PLAIN)
    found = [values[name] for name in NAMES]
    assert len(set(found)) == len(NAMES)
    assert all(re.fullmatch(r"[0-9a-f]{48}", secret or "") for secret in found)
    assert values["ARGUS_LABEL_STUDIO_USER"] == "line-a@example.org"
    assert not any(secret and secret in done.output for secret in found)


def test_init__never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("PRECIOUS=1\n")
    done = CliRunner().invoke(init, ["-o", str(file)])
    assert isinstance(done.exception, ArgusError) and done.exception.code == "conflict"
    assert file.read_text() == "PRECIOUS=1\n"
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    assert isinstance(CliRunner().invoke(init, ["-o", str(tmp_path / "link")]).exception, ArgusError)
    assert not (tmp_path / "nothing").exists()


def test_init__a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = CliRunner().invoke(init, ["-o", str(tmp_path / "none" / ".env")])
    assert isinstance(done.exception, ArgusError) and done.exception.code == "bad_request"


@pytest.mark.parametrize("email", ["nobody", "a@b\nX=1", "a@b # c", "$HOME@b"])
def test_init__an_address_that_would_break_the_file(tmp_path: Path, email: str) -> None:
    done = CliRunner().invoke(init, ["-o", str(tmp_path / ".env"), "--email", email])
    assert isinstance(done.exception, ArgusError)
    assert not (tmp_path / ".env").exists()


def test_init__json_names_variables_and_no_values(tmp_path: Path) -> None:
    done = CliRunner().invoke(init, ["-o", str(tmp_path / "e"), "--json"])
    assert json.loads(done.stdout) == {"file": str(tmp_path / "e"), "variables": sorted(NAMES | set(PLAIN))}


def test_file__settings_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ARGUS_")]:  # a stack of the same test run
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(render(PLAIN, lambda: "f00d"))
    settings = Settings(_env_file=tmp_path / ".env")
    assert settings.api_token.get_secret_value() == settings.webhook_secret.get_secret_value() == "f00d"
    assert settings.basic_auth_user == "argus" and settings.label_studio_user == "argus@example.com"


def test_names__of_argus_are_settings() -> None:
    ours = {name for name in NAMES | set(PLAIN) if name.startswith("ARGUS_")}
    assert ours <= {f"ARGUS_{name.upper()}" for name in Settings.model_fields}
