"""Which device a model runs on, and in which number format. A GPU that is there but unusable is an error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from argus.errors import ArgusError

if TYPE_CHECKING:
    import torch


def choose_device(device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    """Return the device and the number format that the settings `device` and `dtype` stand for.

    Args:
        device: `auto` (CUDA when the machine has an NVIDIA GPU, MPS on an Apple one, else the CPU), `cpu`, `cuda`,
            `cuda:N` or `mps`.
        dtype: `auto` (bfloat16 on CUDA, float16 on GPUs too old for it, float32 elsewhere) or a name.

    Raises:
        ArgusError: `device_unusable`: the device is missing, or there and does not compute. Never falls back.
    """
    import torch

    name = device
    if device == "auto":
        apple = "mps" if torch.backends.mps.is_available() else "cpu"
        name = "cuda" if torch.cuda.is_available() or nvidia_gpu_present() else apple
    try:
        chosen = torch.device(name)
        if not torch.equal(torch.ones(4, 4, device=chosen).mm(torch.ones(4, 4, device=chosen)).cpu(),
                           torch.full((4, 4), 4.0)):
            raise RuntimeError("a matrix product came out wrong")
    except (RuntimeError, AssertionError) as error:  # torch without CUDA raises AssertionError
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ArgusError("device_unusable", f"The device {name} cannot be used: {reason}",
                         "Install the torch build for this driver, or set ARGUS_DEVICE=cpu on purpose.",
                         device=name) from error
    if dtype != "auto":
        return chosen, {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype]
    if chosen.type != "cuda":
        return chosen, torch.float32
    old = torch.cuda.get_device_capability(chosen) < (8, 0)
    return chosen, torch.float16 if old else torch.bfloat16


def nvidia_gpu_present() -> bool:
    """Whether the system shows an NVIDIA GPU that was not hidden on purpose (`CUDA_VISIBLE_DEVICES=` or `=-1`)."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return False
    return Path("/dev/nvidia0").exists() or any(Path("/proc/driver/nvidia/gpus").glob("*"))
