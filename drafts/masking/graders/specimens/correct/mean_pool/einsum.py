from torch import Tensor, einsum


def mean_pool(h: Tensor, m: Tensor) -> Tensor:
    """Weights first: each real token of a sentence weighs one over their number."""
    real = m.to(h.dtype)
    weights = real / real.sum(dim=1, keepdim=True).clamp_min(1)
    return einsum("bld,bl->bd", h, weights)
