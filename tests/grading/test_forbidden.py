"""What a cell refers to is found, by whatever name; what merely looks alike is not."""

from __future__ import annotations

import pytest

from bareme.grading.forbidden import used

NAMES = ("torch.nn.functional.cross_entropy", "transformers.BertModel")
IMPORTS = "import math\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn"


def found(cell: str, **others: str) -> str | None:
    return used("loss", {"imports": IMPORTS, "loss": cell, **others}, NAMES)


@pytest.mark.parametrize(
    "cell",
    [
        "def loss(x, y):\n    return torch.nn.functional.cross_entropy(x, y)",
        "def loss(x, y):\n    return F.cross_entropy(x, y)",
        "def loss(x, y):\n    return nn.functional.cross_entropy(x, y)",
        "def loss(x, y):\n    from torch.nn.functional import cross_entropy as ce\n    return ce(x, y)",
        "from torch.nn.functional import *\ndef loss(x, y):\n    return cross_entropy(x, y)",
        "def loss(x, y):\n    return getattr(F, 'cross_entropy')(x, y)",
        "ce = F.cross_entropy\ndef loss(x, y):\n    return ce(x, y)",
        "class A:\n    def loss(self, x, y):\n        return (lambda: F.cross_entropy)()(x, y)",
        "import torch as t\nloss = t.nn.functional.cross_entropy",
    ],
)
def test_found(cell: str) -> None:
    assert found(cell) == NAMES[0]


def test_found_under_another_path_and_in_its_methods() -> None:
    for cell in (
        "from transformers.models.bert.modeling_bert import BertModel\nm = BertModel",
        "import transformers\nm = transformers.BertModel.from_pretrained('x')",
    ):
        assert found(cell) == NAMES[1]


def test_followed_through_other_cells() -> None:
    helper = """
import torch.nn.functional as G
def helper(x): return inner(x)
def inner(x): return G.cross_entropy(x, x)
"""
    assert found("def loss(x, y):\n    return helper(x)", helper=helper) == NAMES[0]
    assert found("def loss(x, y):\n    return x", helper=helper) is None


def test_the_last_definition_counts() -> None:
    before, after = "def helper(x): return F.cross_entropy(x, x)", "def helper(x): return x"
    assert found("def loss(x): return helper(x)", before=before, after=after) is None
    assert found("def loss(x): return helper(x)", before=after, after=before) == NAMES[0]
    assert found("def loss(x): return x", after="def loss(x): return F.cross_entropy(x, x)") == NAMES[0]


def test_a_function_s_own_variables_are_its_own() -> None:
    elsewhere = "x = scale = F.cross_entropy(torch.ones(2, 2), torch.ones(2, 2))"
    assert found("def loss(x):\n    scale = x.sum()\n    return scale * x", elsewhere=elsewhere) is None
    assert found("def loss(y):\n    return scale * y", elsewhere=elsewhere) == NAMES[0]


@pytest.mark.parametrize(
    "cell",
    [
        "def cross_entropy(x, y):\n    return -x.log_softmax(-1)[y].mean()",
        "def loss(x, y):\n    # as F.cross_entropy would\n    return x.log_softmax(-1)",
        "def loss(x, model):\n    return model.cross_entropy(x)",
        "import other\ndef loss(x):\n    return other.cross_entropy(x)",
        "'F.cross_entropy'",
        "def loss(x: torch.Tensor):\n    return F.log_softmax(x, -1)",
    ],
)
def test_not_found(cell: str) -> None:
    assert found(cell) is None


def test_what_can_not_be_parsed_is_left_to_the_sandbox() -> None:
    assert found("%time F.cross_entropy(x)") is None
    assert found("torch" + ".nn" * 900 + "\n" + "x = torch\n" * 5000) is None
    assert found("(" * 5000, other="-" * 100_000 + "1") is None
