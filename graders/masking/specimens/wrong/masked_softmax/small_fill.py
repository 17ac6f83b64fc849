import torch


def masked_softmax(s, m):
    keys = m[:, None, None, :]
    p = torch.softmax(s + (1 - keys) * -10000.0, dim=-1)
    return p * (m.sum(dim=1) > 0)[:, None, None, None]
