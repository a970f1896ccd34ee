"""A GPU that is there but cannot be used. There is none here: what sees one is told that there is."""

from __future__ import annotations

import pytest
import torch

from argus import devices
from argus.devices import choose_device
from argus.errors import ArgusError

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU that works")


@pytest.fixture
def unusable_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system shows an NVIDIA GPU, and torch cannot compute on it."""
    monkeypatch.setattr(devices, "nvidia_gpu_present", lambda: True)


@without_gpu
def test_auto__a_gpu_that_is_there_and_unusable_is_an_error(unusable_gpu: None) -> None:
    with pytest.raises(ArgusError, match="The device cuda cannot be used: ") as error:
        choose_device("auto", "auto")
    assert error.value.code == "device_unusable"
    assert "ARGUS_DEVICE=cpu on purpose" in error.value.hint


@without_gpu
def test_cpu__on_purpose_is_no_error(unusable_gpu: None) -> None:
    assert choose_device("cpu", "auto") == (torch.device("cpu"), torch.float32)


@pytest.mark.parametrize("hidden", ["", "-1", " "])
def test_nvidia_gpu_present__not_when_it_was_hidden_on_purpose(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setattr(devices.Path, "exists", lambda path: str(path) == "/dev/nvidia0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert not devices.nvidia_gpu_present()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert devices.nvidia_gpu_present()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.nvidia_gpu_present()
