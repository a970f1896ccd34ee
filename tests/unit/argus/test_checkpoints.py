from __future__ import annotations

from pathlib import Path

import pytest

from argus import checkpoints
from argus.checkpoints import weights_digest


def folder(path: Path, weights: bytes, config: str = "{}") -> Path:
    path.mkdir()
    (path / "model.safetensors").write_bytes(weights)
    (path / "config.json").write_text(config)
    (path / "README.md").write_text(str(path))  # not part of the model
    return path


@pytest.mark.parametrize("whole", [10**9, 100])
def test_weights_digest__same_size_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int) -> None:
    monkeypatch.setattr(checkpoints, "_WHOLE_FILE", whole)  # both the whole file and samples of it
    monkeypatch.setattr(checkpoints, "_SAMPLE", 16)
    one = weights_digest(folder(tmp_path / "one", bytes(1000)))
    assert weights_digest(folder(tmp_path / "copy", bytes(1000))) == one
    assert weights_digest(folder(tmp_path / "trained", bytes([1]) * 1000)) != one
    assert weights_digest(folder(tmp_path / "other", bytes(1000), '{"a": 1}')) != one
