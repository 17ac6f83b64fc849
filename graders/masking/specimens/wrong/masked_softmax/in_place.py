import torch


def masked_softmax(s, m):
    pads = (m == 0)[:, None, None, :]
    s[pads.expand_as(s)] = float("-inf")
    return torch.softmax(s, dim=-1).masked_fill(pads, 0.0)
