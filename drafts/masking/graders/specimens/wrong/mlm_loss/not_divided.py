import torch


def mlm_loss(logits, y):
    logp = torch.log_softmax(logits, dim=-1).gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return -(logp * (y != -100)).sum()
