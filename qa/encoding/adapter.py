"""What was learnt on top of the bundled weights: low-rank matrices that are added to them when they are prepared.

``adapter/`` holds them as peft writes them (Hu et al., "LoRA", 2021), in 16-bit floats, with what they were trained on.
A layer's weights become W + (alpha / rank) · B · A, after which a question takes no longer than before.
"""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.errors import ModelError

if TYPE_CHECKING:
    from torch.nn import Module

NAME = "adapter"
FILE, CONFIG = "adapter_model.safetensors", "adapter_config.json"
SHA256 = "150e0bc2d4e6865f22576f00d0934d6ce1ad171243003ed548eae8d0e58923b8"
_PREFIX, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


def folder() -> Path:
    """Where the adapter lies in the package."""
    return Path(str(files("qa.encoding") / NAME))


def merge(network: Module, source: Path, sha256: str) -> None:
    """Add the adapter in ``source`` to a network's weights.

    Raises:
        ModelError: it is not the file with that hash, or does not fit the model.
    """
    from safetensors.torch import load

    data = (source / FILE).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelError(f"{FILE} has the sha256 {found}, not {sha256}: install the package again")
    config: dict[str, Any] = json.loads((source / CONFIG).read_text(encoding="utf-8"))
    scale = config["lora_alpha"] / config["r"]
    matrices = load(data)
    state = network.state_dict()
    changed = {}
    for name in [name for name in matrices if name.endswith(_DOWN)]:
        layer = f"{name.removeprefix(_PREFIX).removesuffix(_DOWN)}.weight"
        up, down = matrices[name.removesuffix(_DOWN) + _UP].float(), matrices[name].float()
        if layer not in state or state[layer].shape != (up.shape[0], down.shape[1]):
            raise ModelError(f"the adapter changes {layer}, which the network does not have in that shape")
        changed[layer] = state[layer] + scale * (up @ down)
    network.load_state_dict(state | changed)
