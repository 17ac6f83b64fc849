"""Roles, and the checkpoints that play them: notebooks name roles alone, and are the same in all profiles."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Role = Literal["tiny-encoder", "tiny-decoder", "encoder", "french-encoder", "decoder"]
Head = Literal["masked-lm", "causal-lm", "none"]

#: The environment variable that names the profile; `c.Bareme.profile` sets it for graded notebooks.
VARIABLE = "BAREME_PROFILE"


@dataclass(frozen=True)
class Checkpoint:
    """Weights, tokenizer and configuration under one name.

    head: which class of transformers it is loaded as. origin: ``shipped`` with this package; ``converted`` from another
    package by `bareme models fetch`; ``hub`` for the name of a repository of the hub, fetched by the same command.
    """

    name: str
    head: Head
    origin: Literal["shipped", "converted", "hub"]
    licence: str
    about: str

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return self.name.replace("/", "--")


_TINY_ENCODER = Checkpoint(
    "tiny-encoder", "masked-lm", "shipped", "MIT", "BERT, 4 layers × 256, French and English, trained by us"
)
_TINY_DECODER = Checkpoint(
    "tiny-decoder", "causal-lm", "shipped", "MIT", "GPT-2's architecture, 4 layers × 256, French and English, by us"
)
_E5 = Checkpoint(
    "multilingual-e5-small-fr-en",
    "none",
    "converted",
    "MIT",
    "multilingual-e5-small (12 layers × 384, 4-bit weights made whole), its vocabulary cut to French and English",
)
_SMOLLM2 = Checkpoint(
    "SmolLM2-135M-Instruct",
    "causal-lm",
    "converted",
    "Apache-2.0",
    "SmolLM2, 30 layers × 576, tuned to follow instructions, English (4-bit weights made whole)",
)
_TINY = {"tiny-encoder": _TINY_ENCODER, "tiny-decoder": _TINY_DECODER}


def _hub(name: str, head: Head, licence: str, about: str) -> Checkpoint:
    return Checkpoint(name, head, "hub", licence, about)


PROFILES: dict[str, dict[str, Checkpoint]] = {
    "offline": {**_TINY, "encoder": _E5, "decoder": _SMOLLM2},
    "hub": {
        **_TINY,
        "encoder": _hub(
            "distilbert/distilbert-base-multilingual-cased", "none", "Apache-2.0", "DistilBERT, 104 languages"
        ),
        "french-encoder": _hub("almanach/camembert-base", "none", "MIT", "CamemBERT, French"),
        "decoder": _hub("openai-community/gpt2", "causal-lm", "MIT", "GPT-2, 124M parameters, English"),
    },
    "gpu": {
        **_TINY,
        "encoder": _hub("FacebookAI/xlm-roberta-base", "none", "MIT", "XLM-RoBERTa, 100 languages"),
        "french-encoder": _hub("almanach/camembertv2-base", "none", "MIT", "CamemBERT 2.0, French"),
        "decoder": _hub("openai-community/gpt2-medium", "causal-lm", "MIT", "GPT-2, 355M parameters, English"),
    },
}


class CourseFileError(RuntimeError):
    """A model or data set that can't be loaded; the message names the file and the remedy."""


def profile() -> str:
    """The profile in use. Raises CourseFileError for an unknown one."""
    name = os.environ.get(VARIABLE, "offline")
    if name not in PROFILES:
        raise CourseFileError(f"{VARIABLE}={name}: there is no such profile: use one of {', '.join(PROFILES)}")
    return name


def checkpoint(role: str) -> Checkpoint:
    """Who plays ``role`` in the profile in use. Raises CourseFileError, with the roles there are, for another one."""
    roles = PROFILES[profile()]
    if role not in roles:
        raise CourseFileError(f"{role!r}: no such role in profile {profile()}: use one of {', '.join(roles)}")
    return roles[role]
