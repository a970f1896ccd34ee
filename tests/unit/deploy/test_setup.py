"""docker/setup.py: the one-shot service that gives the others their access token, on a real Label Studio."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import SecretStr

from argus import home as argus_home
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack.access_token import is_valid
from argus_cli.stack.ports import free_port
from argus_cli.stack.stack import Stack
from argus_cli.stack.template import copy_home, template_home, temporary_home
from tests.unit.deploy.conftest import ROOT, forget_argus_variables


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docker_setup", ROOT / "docker/setup.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def label_studio() -> Iterator[Stack]:
    """A Label Studio of these tests alone: they take its token away."""
    with pytest.MonkeyPatch.context() as patch:
        forget_argus_variables(patch)
        home = copy_home(template_home(Settings()), temporary_home())
        settings = Settings(home=home, label_studio_port=free_port())
    with Stack(settings, {"postgres", "label-studio"}, durable=False) as stack:
        yield stack
    argus_home.forget(home)


def elsewhere(stack: Stack, home: Path, token: str = "") -> Settings:
    """The settings of a container: its own home, without the embedded database's socket."""
    return stack.settings.model_copy(update={"home": home, "label_studio_token": SecretStr(token)})


@pytest.mark.integration
def test_give_token__lost_with_its_volume(setup: ModuleType, label_studio: Stack, tmp_path: Path) -> None:
    url, old = label_studio.settings.label_studio_url, label_studio.settings.access_token
    database = f"postgresql://labelstudio@/labelstudio?host={label_studio.settings.run_dir}"
    settings = elsewhere(label_studio, tmp_path)
    assert str(settings.token_path) in setup.give_token(settings, database)
    new = settings.access_token
    assert new != old and is_valid(url, new) and not is_valid(url, old)
    assert settings.token_path.stat().st_mode & 0o777 == 0o600
    setup.give_token(settings, "")  # the next `up` finds it, and needs no database
    assert settings.access_token == new
    assert "ARGUS_LABEL_STUDIO_TOKEN works" in setup.give_token(elsewhere(label_studio, tmp_path, new), "")


@pytest.mark.integration
def test_give_token__says_what_is_wrong(setup: ModuleType, label_studio: Stack, tmp_path: Path) -> None:
    with pytest.raises(ArgusError, match="does not accept ARGUS_LABEL_STUDIO_TOKEN"):
        setup.give_token(elsewhere(label_studio, tmp_path, "no-token"), "")
    wrong = elsewhere(label_studio, tmp_path).model_copy(update={"label_studio_password": SecretStr("wrong")})
    with pytest.raises(ArgusError, match="does not accept the password"):
        setup.give_token(wrong, "")
    with pytest.raises(ArgusError, match="does not answer") as caught:
        setup.give_token(elsewhere(label_studio, tmp_path), "postgresql://nobody@127.0.0.1:1/nothing")
    assert caught.value.code == "database_unreachable"


def test_give_token__nothing_listens(setup: ModuleType, tmp_path: Path) -> None:
    nowhere = Settings(_env_file=None, home=tmp_path, label_studio_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ArgusError) as caught:
        setup.give_token(nowhere, "")
    assert caught.value.code == "label_studio_unreachable"
