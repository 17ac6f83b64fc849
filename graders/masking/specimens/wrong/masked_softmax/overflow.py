import torch


def masked_softmax(s, m):
    e = torch.exp(s).masked_fill(m[:, None, None, :] == 0, 0.0)
    total = e.sum(dim=-1, keepdim=True)
    return e / total.masked_fill(total == 0, 1.0)
