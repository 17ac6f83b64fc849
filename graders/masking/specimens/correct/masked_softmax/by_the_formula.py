import torch
from torch import Tensor


def masked_softmax(s: Tensor, m: Tensor) -> Tensor:
    """exp(s - max) / sum over the real keys; the maximum is taken among them, and is a constant for the gradient."""
    real = m.bool().unsqueeze(1).unsqueeze(1).expand_as(s)
    lowest = torch.finfo(s.dtype).min
    top = torch.where(real, s, torch.full_like(s, lowest)).amax(dim=-1, keepdim=True).detach()
    shifted = torch.where(real, s - top, torch.zeros_like(s))
    weights = torch.exp(shifted) * real.to(s.dtype)
    total = weights.sum(dim=-1, keepdim=True)
    return weights / torch.where(total == 0, torch.ones_like(total), total)
