import torch
import torch.nn.functional as F


def bert_embeddings(ids, seg, w, pad=None):
    B, L = ids.shape
    pos = torch.arange(L)[None, :]
    if pad is not None:
        mask = (ids != pad).type_as(ids)
        pos = torch.cumsum(mask, dim=1) * mask + pad
    x = F.embedding(ids, w["word_embeddings.weight"], padding_idx=pad)
    x = x + F.embedding(seg, w["token_type_embeddings.weight"])
    x = x + F.embedding(pos, w["position_embeddings.weight"], padding_idx=pad)
    mu = x.sum(-1, keepdim=True) / x.shape[-1]
    var = ((x - mu) ** 2).sum(-1, keepdim=True) / x.shape[-1]
    x = (x - mu) / (var + 1e-12) ** 0.5
    return x
