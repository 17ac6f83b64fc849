"""SmolLM2-135M-Instruct out of the GGUF file that a package ships, as a checkpoint of transformers'."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from bareme.course.quiet import quietly


def convert(gguf: Path, made: Path) -> None:
    """Write configuration, float32 weights and tokenizer of ``gguf`` to the folder ``made``.

    transformers makes the 4-bit weights whole (it needs the packages gguf and accelerate for this), but does not save a
    model that it read in this way: its weights move to a plain one.
    """
    with quietly(), redirect_stderr(io.StringIO()):  # its reader of GGUF shows a bar whatever the setting
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
        settings = read.config.to_dict()
        settings.pop("quantization_config")
        plain = LlamaForCausalLM(LlamaConfig(**settings))
        plain.load_state_dict(read.state_dict())
        plain.save_pretrained(made)
        tokenizer.save_pretrained(made)
