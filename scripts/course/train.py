"""Train the tiny models, on their tokenizers, from scratch: seeded, and resumed where it was killed.

    python -m scripts.course.train tokenizers
    python -m scripts.course.train tiny-encoder --steps 8000
    python -m scripts.course.train tiny-decoder --steps 6000
    python -m scripts.course.train export
    python -m scripts.course.train unpack
    python -m scripts.course.train tiny-encoder --steps 1500 --sentences 0.5
    python -m scripts.course.train export

After `unpack` training goes on from the shipped weights, at a higher rate again. One thread each by default, so that
both models may learn side by side on two cores; a GPU is used where there is one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from bareme.course import load_model
from bareme.course.generator.words import Language
from bareme.course.places import note_digests
from scripts.course.mix import LANGUAGES, Kind, documents
from scripts.course.sources import BUILD

OUT = BUILD.parent / "models"
SHIPPED = Path(__file__).resolve().parents[2] / "bareme" / "course" / "weights"
ROLES = ("tiny-encoder", "tiny-decoder")
VOCABULARY = {"tiny-encoder": 8000, "tiny-decoder": 6000}
#: Tokens of one example, and examples of one step.
LENGTH = {"tiny-encoder": 128, "tiny-decoder": 256}
BATCH = {"tiny-encoder": 32, "tiny-decoder": 16}
_PEAK_LR = {"tiny-encoder": 1e-3, "tiny-decoder": 2e-3}
_WARM_UP, _DECAY = 200, 0.05
#: Share of the tokens that the encoder must guess. More than BERT's 15 % teaches more a step (Wettig et al., 2023).
_MASKED = 0.2
_SAVE_EVERY_S = 120
_END = "<|endoftext|>"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_tokenizers() -> None:
    """WordPiece and byte-level BPE, both cased, on as much French as English."""
    for role in ROLES:
        tokenizer = _untrained(role)
        texts = (text for language in LANGUAGES for _, text in documents(language, "train"))
        if role == "tiny-encoder":
            trainer: Any = trainers.WordPieceTrainer(vocab_size=VOCABULARY[role], special_tokens=list(_SPECIAL))
        else:
            alphabet = pre_tokenizers.ByteLevel.alphabet()
            trainer = trainers.BpeTrainer(vocab_size=VOCABULARY[role], special_tokens=[_END], initial_alphabet=alphabet)
        tokenizer.train_from_iterator(texts, trainer)
        if role == "tiny-encoder":
            cls, sep = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
            tokenizer.post_processor = processors.TemplateProcessing(
                single="[CLS] $A [SEP]",
                pair="[CLS] $A [SEP] $B:1 [SEP]:1",
                special_tokens=[("[CLS]", cls), ("[SEP]", sep)],
            )
        (OUT / role).mkdir(parents=True, exist_ok=True)
        wrapped(role, tokenizer).save_pretrained(OUT / role)


def _untrained(role: str) -> Tokenizer:
    if role == "tiny-encoder":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        return tokenizer
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def wrapped(role: str, tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    if role == "tiny-encoder":
        names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    else:
        names = {"bos_token": _END, "eos_token": _END, "unk_token": _END}
    inputs = ["input_ids", "token_type_ids", "attention_mask"] if role == "tiny-encoder" else None
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=LENGTH[role],
        clean_up_tokenization_spaces=False,
        **names,
        **({"model_input_names": inputs} if inputs else {"model_input_names": ["input_ids", "attention_mask"]}),
    )
    assert isinstance(made, PreTrainedTokenizerFast)
    return made


def tokens(role: str, kind: Kind, language: Language, only: str = "") -> np.ndarray:
    """All documents of the mixture, one after another, each ended by [SEP] or <|endoftext|>: uint16.

    only: those of one source.
    """
    path = OUT / role / f"{language}-{only or kind}.npy"
    if not path.exists():
        tokenizer = Tokenizer.from_file(str(OUT / role / "tokenizer.json"))
        end = tokenizer.token_to_id("[SEP]" if role == "tiny-encoder" else _END)
        found: list[int] = []
        texts = [text for source, text in documents(language, kind) if not only or source == only]
        for first in range(0, len(texts), 2000):
            for encoding in tokenizer.encode_batch(texts[first : first + 2000], add_special_tokens=False):
                found += [*encoding.ids, end]
        np.save(path, np.array(found, dtype=np.uint16))
    loaded: np.ndarray = np.load(path, mmap_mode="r")
    return loaded


def new_model(role: str, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """4 layers of width 256. Without dropout while it learns: nothing is seen often enough to be learnt by heart."""
    if role == "tiny-encoder":
        bert = BertForMaskedLM(
            BertConfig(
                vocab_size=len(tokenizer),
                hidden_size=256,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=1024,
                max_position_embeddings=LENGTH[role],
                pad_token_id=tokenizer.pad_token_id,
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
            )
        )
        positions = bert.bert.embeddings.position_embeddings.weight
        positions.data.copy_(sinusoids(*positions.shape) * bert.config.initializer_range * math.sqrt(2))
        return bert
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(tokenizer),
            n_embd=256,
            n_layer=4,
            n_head=4,
            n_positions=LENGTH[role],
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
    )


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Vaswani et al. (2017), § 3.5: where learnt positions begin, so that neighbours are alike from the start."""
    frequencies = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angles = torch.arange(length)[:, None] * frequencies
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def windows(role: str, rng: np.random.Generator, sentences: float = 0.0) -> Iterator[torch.Tensor]:
    """Batches of pieces of the running text, int64 [B, L], as much French as English.

    sentences: share of the rows that are of generated sentences alone, beyond those that the mixture holds.
    """
    texts = [tokens(role, "train", language) for language in LANGUAGES]
    alone = [tokens(role, "train", language, "sentences") for language in LANGUAGES] if sentences else texts
    length = LENGTH[role] - (2 if role == "tiny-encoder" else 0)
    while True:
        rows = []
        for row in range(BATCH[role]):
            text = (texts if row >= sentences * BATCH[role] else alone)[row % len(texts)]
            start = int(rng.integers(0, len(text) - length))
            rows.append(text[start : start + length].astype(np.int64))
        yield torch.from_numpy(np.stack(rows))


def cuts(progress: float, rng: torch.Generator) -> int:
    """Into how many short pieces the encoder's are cut, at that share of the training.

    Short ones first: among few words it soon finds the one that tells, among 128 only after thousands of steps.
    """
    if progress < 1 / 3:
        return 6
    choices = (1, 3, 6) if progress < 2 / 3 else (1, 1, 3)
    return choices[int(torch.randint(3, (), generator=rng))]


def encoder_loss(
    model: BertForMaskedLM, pieces: torch.Tensor, tokenizer: PreTrainedTokenizerFast, rng: torch.Generator
) -> torch.Tensor:
    """Masked-word loss (Devlin et al., 2019, § 3.1).

    The second segment begins, in half of the rows, after the first [SEP].
    """
    assert isinstance(tokenizer.pad_token_id, int) and isinstance(tokenizer.mask_token_id, int)
    rows, _ = pieces.shape
    edge = torch.full((rows, 1), 0)
    ids = torch.cat([edge + int(tokenizer.cls_token_id), pieces, edge + int(tokenizer.sep_token_id)], dim=1)
    is_sep = ids == int(tokenizer.sep_token_id)
    segments = (is_sep.cumsum(1) - is_sep.long()).clamp(max=1)
    segments *= (torch.rand((rows, 1), generator=rng) < 0.5).long()
    special = is_sep | (ids == int(tokenizer.cls_token_id))
    chosen = (torch.rand(ids.shape, generator=rng) < _MASKED) & ~special
    how = torch.rand(ids.shape, generator=rng)
    shown = torch.where(chosen & (how < 0.8), tokenizer.mask_token_id, ids)
    random_ids = torch.randint(len(_SPECIAL), len(tokenizer), ids.shape, generator=rng)
    shown = torch.where(chosen & (how >= 0.9), random_ids, shown)
    # Drawn on the CPU, so that the same is drawn wherever the model is
    shown, segments, chosen, ids = (one.to(model.device) for one in (shown, segments, chosen, ids))
    hidden = model.bert(input_ids=shown, token_type_ids=segments).last_hidden_state
    return torch.nn.functional.cross_entropy(model.cls(hidden[chosen]).float(), ids[chosen])


def decoder_loss(model: GPT2LMHeadModel, pieces: torch.Tensor) -> torch.Tensor:
    pieces = pieces.to(model.device)
    logits = model(input_ids=pieces).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), pieces[:, 1:].flatten())


def has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 itself: where it must be emulated, it is ten times slower than float32."""
    return torch.cpu._is_avx512_bf16_supported()


def train(role: str, steps: int, seed: int, sentences: float = 0.0) -> None:
    """Go on from the last checkpoint, or begin. Checkpoints are whole: written aside, then moved into place."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(OUT / role)
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = new_model(role, tokenizer).train().to(device)
    decayed = [one for one in model.parameters() if one.dim() > 1]
    plain = [one for one in model.parameters() if one.dim() == 1]
    groups = [{"params": decayed, "weight_decay": _DECAY}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=_PEAK_LR[role], betas=(0.9, 0.98))
    checkpoint, done = OUT / role / f"checkpoint-{seed}.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        if "optimizer" in state:
            optimizer.load_state_dict(state["optimizer"])
        done = state["done"]
    began = saved = time.monotonic()
    losses: list[float] = []
    while done < steps:
        # Of its own seed, each step: what a resumed run sees is what it would have seen
        pieces = next(windows(role, np.random.default_rng((seed, done)), sentences))
        rng = torch.Generator().manual_seed(seed * 1_000_003 + done)
        rate = (
            _PEAK_LR[role]
            * min(1.0, (done + 1) / _WARM_UP)
            * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * done / steps)))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda" or has_bfloat16()):
            if isinstance(model, BertForMaskedLM):
                short = pieces.reshape(len(pieces) * cuts(done / steps, rng), -1)
                loss = encoder_loss(model, short, tokenizer, rng)
            else:
                assert isinstance(model, GPT2LMHeadModel)
                loss = decoder_loss(model, pieces)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        done += 1
        if done % 50 == 0:
            per_s = len(losses) * pieces.numel() / (time.monotonic() - began)
            line = {
                "step": done,
                "loss": round(statistics.mean(losses[-50:]), 4),
                "lr": rate,
                "tokens_per_s": round(per_s),
            }
            with open(OUT / role / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if time.monotonic() - saved > _SAVE_EVERY_S or done == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": done}
            torch.save(state, checkpoint.with_suffix(".new"))
            os.replace(checkpoint.with_suffix(".new"), checkpoint)
            saved = time.monotonic()


def unpack(role: str, seed: int) -> None:
    """The contrary of :func:`export`: a checkpoint to go on from, its steps counted from none again."""
    others = shutil.ignore_patterns("model.safetensors", "sha256.json")
    shutil.copytree(SHIPPED / role, OUT / role, ignore=others, dirs_exist_ok=True)
    weights = load_model(role).state_dict()  # type: ignore[call-overload]
    torch.save({"model": weights, "done": 0}, OUT / role / f"checkpoint-{seed}.pt")


def export(role: str, seed: int) -> None:
    """What is shipped: fp16 weights, the tokenizer, the configuration (with the usual dropout: some will train on)."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(OUT / role)
    model = new_model(role, tokenizer)
    model.load_state_dict(
        torch.load(OUT / role / f"checkpoint-{seed}.pt", weights_only=True, map_location="cpu")["model"]
    )
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob", "resid_pdrop", "embd_pdrop", "attn_pdrop"):
        if hasattr(model.config, name):
            setattr(model.config, name, 0.1)
    folder = SHIPPED / role
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # sandboxes run as other users
    note_digests(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("tokenizers", *ROLES, "export", "unpack"))
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sentences", type=float, default=0.0, help="share of generated sentences alone: see windows")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.what == "tokenizers":
        shutil.rmtree(OUT, ignore_errors=True)
        train_tokenizers()
    elif given.what in ("export", "unpack"):
        for role in ROLES:
            (export if given.what == "export" else unpack)(role, given.seed)
    else:
        train(given.what, given.steps, given.seed, given.sentences)


if __name__ == "__main__":
    main()
