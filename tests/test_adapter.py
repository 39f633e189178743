"""The adapter that is added to the bundled encoder's weights."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from qa.encoding import adapter
from qa.errors import ModelError
from scripts.training_model import LAYERS, save

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # of peft's


def network(seed: int = 0) -> BertModel:
    torch.manual_seed(seed)
    config = BertConfig(vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48)
    return BertModel(config).eval()


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `scripts/train_encoder` leaves it, of a small network whose adapter changes what it says."""
    folder = tmp_path_factory.mktemp("learnt")
    trained = get_peft_model(network(), LoraConfig(r=4, lora_alpha=8, target_modules=LAYERS))
    with torch.no_grad():
        for name, matrix in trained.named_parameters():
            if "lora_B" in name:
                matrix.normal_(std=0.1)
    save(trained, folder)
    return folder


def sha256_of(folder: Path) -> str:
    return hashlib.sha256((folder / adapter.FILE).read_bytes()).hexdigest()


def test_merging_gives_the_weights_that_peft_gives(learnt: Path) -> None:
    ours = network()
    adapter.merge(ours, learnt, sha256_of(learnt))
    theirs = PeftModel.from_pretrained(network(), learnt).merge_and_unload().state_dict()
    plain = network().state_dict()
    changed = {name for name, weights in ours.state_dict().items() if not torch.equal(weights, plain[name])}
    assert len(changed) == 2 * 6 + 1  # each layer's products, and the pooler's
    for name, weights in ours.state_dict().items():
        torch.testing.assert_close(weights, theirs[name], rtol=0, atol=1e-6)


def test_an_adapter_that_was_changed_is_refused(learnt: Path, tmp_path: Path) -> None:
    shutil.copytree(learnt, tmp_path, dirs_exist_ok=True)
    file = tmp_path / adapter.FILE
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"has the sha256 .*, not .*: install the package again"):
        adapter.merge(network(), tmp_path, sha256_of(learnt))


def test_an_adapter_of_another_network_is_refused_and_nothing_is_changed(learnt: Path, tmp_path: Path) -> None:
    shutil.copytree(learnt, tmp_path, dirs_exist_ok=True)
    matrices = load_file(tmp_path / adapter.FILE)
    name = next(name for name in reversed(matrices) if name.endswith("lora_A.weight"))
    matrices[name] = matrices[name][:, 1:].contiguous()
    save_file(matrices, tmp_path / adapter.FILE)
    other = network()
    with pytest.raises(ModelError, match="which the network does not have in that shape"):
        adapter.merge(other, tmp_path, sha256_of(tmp_path))
    for name, weights in other.state_dict().items():
        assert torch.equal(weights, network().state_dict()[name])


def test_the_adapter_of_the_package_is_the_one_that_is_told_of() -> None:
    assert sha256_of(adapter.folder()) == adapter.SHA256
    assert (adapter.folder() / adapter.FILE).stat().st_size < 8 * 1024**2
    config = json.loads((adapter.folder() / adapter.CONFIG).read_text(encoding="utf-8"))
    assert config["peft_type"] == "LORA"
    assert not config["use_dora"]
    assert not config["use_rslora"]
    assert {matrix.dtype for matrix in load_file(adapter.folder() / adapter.FILE).values()} == {torch.float16}
