"""What a notebook of the course may import: models by role, data sets, plots, and generators of fresh examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bareme.course.datasets import load_dataset
    from bareme.course.models import load_model, load_tokenizer

__all__ = ["load_dataset", "load_model", "load_tokenizer"]
_MODULES = {"load_model": "models", "load_tokenizer": "models", "load_dataset": "datasets"}


def __getattr__(name: str) -> Any:
    # transformers takes seconds to import: only who asks for a model waits for it
    if name not in _MODULES:
        raise AttributeError(f"bareme.course has no {name}: it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f"bareme.course.{_MODULES[name]}"), name)
