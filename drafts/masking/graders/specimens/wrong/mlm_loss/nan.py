import torch


def mlm_loss(logits, y):
    z, target = logits[y != -100], y[y != -100]
    return -torch.log_softmax(z, dim=-1).gather(1, target[:, None]).mean()
