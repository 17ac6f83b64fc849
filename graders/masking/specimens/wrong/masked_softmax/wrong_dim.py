import torch


def masked_softmax(s, m):
    keys = m[:, None, None, :]
    p = torch.softmax(s.masked_fill(keys == 0, -1e30), dim=-2)
    return p * keys
