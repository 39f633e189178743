"""Which device runs the encoder: ``cpu``, or ``cuda`` with a number where there are several (``cuda:1``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa.errors import ModelError

# Passages that a graphics card encodes at once.
GPU_BATCH = 64
_CPU = "QA_DEVICE=cpu"
_CUDA = "CUDAExecutionProvider"


def is_gpu(device: str) -> bool:
    return device.partition(":")[0] == "cuda"


def batch_of(device: str) -> int:
    """How many passages a device is given at once. A processor reads one as fast as several."""
    return GPU_BATCH if is_gpu(device) else 1


def onnx_providers(device: str, available: Sequence[str]) -> list[Any]:
    """What ONNX Runtime is told to run on, of the providers that this build of it has.

    Raises:
        ModelError: it has none for the device; the message says what to install or set.
    """
    if not is_gpu(device):
        return ["CPUExecutionProvider"]
    if _CUDA not in available:
        raise ModelError(
            f"QA_DEVICE={device} needs ONNX Runtime's {_CUDA}, and this one has only {', '.join(available)}; install "
            f"onnxruntime-gpu in the place of onnxruntime, or set QA_ENCODER_ENGINE=torch or {_CPU}"
        )
    number = device.partition(":")[2] or "0"
    # What the card has no kernel for, the processor does.
    return [(_CUDA, {"device_id": number}), "CPUExecutionProvider"]


def require_onnx_device(device: str, running: Sequence[str]) -> None:
    """Refuse a session that fell back to the processor, which the runtime does in silence.

    Raises:
        ModelError: the device was asked for, and there is none that can be used.
    """
    if is_gpu(device) and _CUDA not in running:
        raise ModelError(
            f"QA_DEVICE={device}: ONNX Runtime found no graphics card that it can use; look at its driver and its CUDA "
            f"libraries, or set {_CPU}"
        )


def require_torch_device(device: str) -> None:
    """Refuse a graphics card that torch cannot use.

    Raises:
        ModelError: there is none, or this torch was built without CUDA.
    """
    if not is_gpu(device):
        return
    import torch

    if not torch.cuda.is_available():
        built = "was built without CUDA" if torch.version.cuda is None else "finds no graphics card"
        raise ModelError(f"QA_DEVICE={device}: this torch ({torch.__version__}) {built}; set {_CPU}")
