import torch
from torch import Tensor


def mlm_loss(logits: Tensor, y: Tensor) -> Tensor:
    """-(log p · one-hot) summed over everything; an unlabelled row of the one-hot matrix is zero."""
    words = torch.arange(logits.shape[-1])
    hot = (y[..., None] == words).to(logits.dtype)  # -100 equals none of them
    count = hot.sum()
    total = -(torch.log_softmax(logits, -1) * hot).sum()
    return total / torch.where(count == 0, torch.ones_like(count), count)
