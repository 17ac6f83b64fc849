"""``load_model(role)`` and ``load_tokenizer(role)``: offline, the same at every call, and a fresh copy each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, PreTrainedTokenizerFast

from bareme.course.places import checkpoint_folder
from bareme.course.profiles import Role, checkpoint
from bareme.course.quiet import quietly

if TYPE_CHECKING:
    from typing import Literal

    from transformers import BertForMaskedLM, BertModel, GPT2LMHeadModel, PreTrainedModel

_CLASSES = {"masked-lm": AutoModelForMaskedLM, "causal-lm": AutoModelForCausalLM, "none": AutoModel}


@overload
def load_model(role: Literal["tiny-encoder"]) -> BertForMaskedLM: ...
@overload
def load_model(role: Literal["tiny-decoder"]) -> GPT2LMHeadModel: ...
@overload
def load_model(role: Literal["encoder"]) -> BertModel: ...
@overload
def load_model(role: Role) -> PreTrainedModel: ...


def load_model(role: str) -> PreTrainedModel:
    """The model that plays ``role`` in the profile in use: float32, on the CPU, in evaluation mode.

    ``tiny-encoder``: with its masked-language-model head. ``tiny-decoder``: with its language-model head. ``encoder``:
    without head. What is done to the one returned changes no other.

    Raises CourseFileError: an unknown role (the known ones are listed), or a missing or damaged file (with the remedy).
    """
    chosen = checkpoint(role)
    folder = checkpoint_folder(chosen)
    options = {"add_pooling_layer": False} if chosen.head == "none" else {}
    with quietly():
        model = _CLASSES[chosen.head].from_pretrained(folder, dtype=torch.float32, local_files_only=True, **options)
    loaded: PreTrainedModel = model.eval()
    return loaded


def load_tokenizer(role: str) -> PreTrainedTokenizerFast:
    """The tokenizer of the model that plays ``role``. Raises as :func:`load_model` does."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(checkpoint_folder(checkpoint(role)), local_files_only=True)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    return tokenizer
