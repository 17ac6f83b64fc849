import torch


def mlm_loss(logits, y):
    z, target = logits[y != -100], y[y != -100]
    if len(target) == 0:
        return torch.tensor(0.0, dtype=logits.dtype)
    return -torch.log_softmax(z, dim=-1).gather(1, target[:, None]).mean()
