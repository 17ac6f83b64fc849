"""Training the tiny models: what a killed run goes on with, and what its losses count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import BertConfig, BertForMaskedLM

from scripts.course import train


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A tokenizer of 40 words, texts of random ones, and models small enough to train in a blink."""
    words = [*train._SPECIAL, *(f"w{number}" for number in range(35))]
    wordpiece = models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    folder = tmp_path / "tiny-encoder"
    train.wrapped("tiny-encoder", Tokenizer(wordpiece)).save_pretrained(folder)
    rng = np.random.default_rng(0)
    for language in train.LANGUAGES:
        np.save(folder / f"{language}-train.npy", rng.integers(3, 40, 5000).astype(np.uint16))
    monkeypatch.setattr(train, "OUT", tmp_path)

    def tiny(role: str, tokenizer: object) -> BertForMaskedLM:
        config = BertConfig(
            vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
        return BertForMaskedLM(config)

    monkeypatch.setattr(train, "new_model", tiny)
    return folder


def test_a_resumed_run_sees_and_loses_what_an_unbroken_one_does(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_SAVE_EVERY_S", 0)
    loss = train.encoder_loss
    steps: list[tuple[list[int], float]] = []

    def told(model: object, pieces: torch.Tensor, *rest: object) -> torch.Tensor:
        if len(steps) == 9:
            steps.append(([], 0.0))
            raise KeyboardInterrupt
        value = loss(model, pieces, *rest)  # type: ignore[arg-type]
        steps.append((pieces[0].tolist(), value.item()))
        return value

    monkeypatch.setattr(train, "encoder_loss", told)
    train.train("tiny-encoder", steps=6, seed=0)
    (small / "checkpoint-0.pt").unlink()
    with pytest.raises(KeyboardInterrupt):
        train.train("tiny-encoder", steps=6, seed=0)
    train.train("tiny-encoder", steps=6, seed=0)
    unbroken, again = steps[:6], [*steps[6:9], *steps[10:]]
    assert [pieces for pieces, _ in unbroken] == [pieces for pieces, _ in again]
    # not to the last bit: kernels depend on where in memory a tensor lies
    assert [value for _, value in unbroken] == pytest.approx([value for _, value in again], rel=1e-3)
    assert (small / "log.jsonl").exists() is False, "fifty steps to a line"


def test_loss_is_of_masked_words_alone(small: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(small)
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    class Fake(torch.nn.Module):
        device = torch.device("cpu")

        def bert(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> object:
            seen.append((input_ids, token_type_ids))
            return type("Output", (), {"last_hidden_state": torch.zeros(*input_ids.shape, 40)})

        def cls(self, hidden: torch.Tensor) -> torch.Tensor:
            return hidden

    pieces = torch.randint(5, 40, (32, 126), generator=torch.Generator().manual_seed(0))
    pieces[:, 60] = int(tokenizer.sep_token_id or 0)
    loss = train.encoder_loss(Fake(), pieces, tokenizer, torch.Generator().manual_seed(3))  # type: ignore[arg-type]
    assert loss.item() == pytest.approx(np.log(40), rel=1e-5), "equal logits: the logarithm of the vocabulary"
    ids, segments = seen[0]
    masked = (ids == tokenizer.mask_token_id).float().mean().item()
    assert 0.13 < masked < 0.19 and not (ids[:, [0, -1]] == tokenizer.mask_token_id).any()
    assert set(segments.unique().tolist()) == {0, 1}


def test_unpacked_weights_are_gone_on_from(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "new_model", lambda role, _: train.load_model(role))
    wanted = train.load_model("tiny-encoder").state_dict()
    train.unpack("tiny-encoder", seed=0)  # into a folder where a training was
    state = torch.load(small / "checkpoint-0.pt", weights_only=True)
    assert state["done"] == 0 and all(torch.equal(one, wanted[name]) for name, one in state["model"].items())
    monkeypatch.setattr(train, "encoder_loss", lambda model, *_: model.cls.predictions.bias.sum())
    train.train("tiny-encoder", steps=1, seed=0)
    state = torch.load(small / "checkpoint-0.pt", weights_only=True)
    assert state["done"] == 1 and "optimizer" in state
