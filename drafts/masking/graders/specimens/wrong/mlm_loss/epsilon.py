import torch


def mlm_loss(logits, y):
    z, target = logits[y != -100], y[y != -100]
    p = torch.softmax(z, dim=-1)
    return -(p.gather(1, target[:, None]) + 1e-12).log().sum() / max(len(target), 1)
