import torch


def mlm_loss(logits, y):
    labelled = y != -100
    logp = torch.log_softmax(logits, dim=-1).gather(-1, y.clamp(min=0)[..., None])[..., 0]
    return (logp * labelled).sum() / labelled.sum().clamp(min=1)
