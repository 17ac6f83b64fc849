"""The components that checks give compute what BERT's own classes do."""

from __future__ import annotations

import pytest
import torch
from transformers import BertConfig, BertModel, CamembertConfig
from transformers.models.camembert.modeling_camembert import CamembertEmbeddings

from bareme.course import components

CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=16,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)


def test_embeddings_and_layers_are_those_of_bert() -> None:
    torch.manual_seed(0)
    bert = BertModel(CONFIG, add_pooling_layer=False).double().eval()
    ids, seg = torch.randint(50, (3, 7)), torch.randint(2, (3, 7))
    m = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [0, 1, 0, 1, 1, 1, 1], [1] * 7])
    wanted = bert(ids, m, seg, output_hidden_states=True).hidden_states
    state = torch.get_rng_state()
    x = components.bert_embeddings(ids, seg, dict(bert.embeddings.state_dict()))
    assert torch.allclose(x, wanted[0], rtol=1e-12)
    for layer, after in zip(bert.encoder.layer, wanted[1:], strict=True):
        x = components.bert_layer(x, dict(layer.state_dict()), 3, m)
        assert torch.allclose(x, after, rtol=1e-9)
    assert torch.equal(torch.get_rng_state(), state), "no global generator is touched"
    w = dict(bert.encoder.layer[0].state_dict())
    for shape in ((0, 4), (2, 0)):
        empty, m = torch.zeros(*shape, 12, dtype=torch.float64), torch.ones(shape, dtype=torch.int64)
        assert components.bert_layer(empty, w, 3, m).shape == (*shape, 12)
        out, p = components.self_attention(empty, {}, 3, m)
        assert out.shape == (*shape, 12) and p.shape == (shape[0], 3, shape[1], shape[1])


def test_embeddings_know_camembert_s_positions() -> None:
    camembert = CamembertEmbeddings(
        CamembertConfig(vocab_size=50, hidden_size=12, max_position_embeddings=16, pad_token_id=1)
    )
    camembert = camembert.double().eval()
    camembert.LayerNorm.eps = 1e-12
    ids = torch.tensor([[5, 6, 1, 7, 1, 1], [1, 1, 8, 9, 2, 3]])
    w = dict(camembert.state_dict())
    got = components.bert_embeddings(ids, torch.zeros_like(ids), w, pad=1)
    assert torch.allclose(got, camembert(ids, token_type_ids=torch.zeros_like(ids)), rtol=1e-12)


def test_further_weights_are_left_alone() -> None:
    torch.manual_seed(0)
    w = dict(BertModel(CONFIG).encoder.layer[0].state_dict())
    x, m = torch.randn(2, 3, 12), torch.ones(2, 3, dtype=torch.int64)
    more = {**w, "pooler.dense.weight": torch.ones(1)}
    assert torch.equal(components.bert_layer(x, more, 3, m), components.bert_layer(x, w, 3, m))


def test_the_default_dtype_changes_no_draw() -> None:
    ids, special = torch.arange(5, 45).repeat(20, 1), torch.zeros(20, 40, dtype=torch.bool)
    drawn = []
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        try:
            rng = torch.Generator().manual_seed(0)
            drawn.append(components.mask_tokens(ids, special, 4, 50, [0, 1, 2, 3, 4], 0.3, rng)[0])
        finally:
            torch.set_default_dtype(torch.float32)
    assert torch.equal(*drawn)


def test_attention_to_pads_alone_is_zero() -> None:
    w = {
        f"{name}.{kind}": torch.ones(4, 4)[: 4 if kind == "weight" else 1].squeeze(0)
        for name in ("query", "key", "value")
        for kind in ("weight", "bias")
    }
    out, p = components.self_attention(torch.ones(2, 3, 4), w, 2, torch.tensor([[0, 0, 0], [1, 0, 0]]))
    assert not out[0].any() and not p[0].any()
    assert p[1].tolist() == [[[1.0, 0.0, 0.0]] * 3] * 2


def test_masked_tokens_and_their_loss() -> None:
    ids = torch.arange(5, 45).repeat(500, 1)
    special = torch.zeros(ids.shape, dtype=torch.bool)
    special[:, 0] = True
    inputs, labels = components.mask_tokens(ids, special, 4, 50, [0, 1, 2, 3, 4], 0.3, torch.Generator().manual_seed(0))
    chosen = labels != -100
    assert torch.equal(labels[chosen], ids[chosen]) and torch.equal(inputs[~chosen], ids[~chosen])
    assert not chosen[:, 0].any() and chosen[:, 1:].float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert (inputs[chosen] == 4).float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert (inputs[chosen] == ids[chosen]).float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert inputs.min() >= 4
    assert components.mlm_loss(torch.zeros(2, 3, 8), torch.full((2, 3), -100)).item() == 0
    assert components.mlm_loss(torch.zeros(2, 3, 8), torch.tensor([[1, -100, 2], [-100] * 3])).item() == pytest.approx(
        2.0794, abs=1e-4
    )
