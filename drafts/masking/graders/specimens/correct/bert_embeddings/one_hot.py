import torch
from torch import Tensor
from torch.nn import functional as F


def place_numbers(ids: Tensor, pad: int | None) -> Tensor:
    if pad is None:
        return torch.arange(ids.size(1)).repeat(ids.size(0), 1)
    is_word = ids.ne(pad)
    return torch.where(is_word, is_word.int().cumsum(-1) + pad, torch.full_like(ids, pad))


def rows(table: Tensor, numbers: Tensor) -> Tensor:
    """A row of the table as a product with a vector of zeros and one 1."""
    return F.one_hot(numbers, len(table)).to(table.dtype) @ table


def bert_embeddings(ids: Tensor, seg: Tensor, w: dict[str, Tensor], pad: int | None = None) -> Tensor:
    numbers = {"word": ids, "position": place_numbers(ids, pad), "token_type": seg}
    e = torch.stack([rows(w[f"{kind}_embeddings.weight"], n) for kind, n in numbers.items()]).sum(0)
    variance, mean = torch.var_mean(e, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(w["LayerNorm.bias"], (e - mean) * torch.rsqrt(variance + 1e-12), w["LayerNorm.weight"])
