import torch


def masked_softmax(s, m):
    return torch.softmax(s.masked_fill(m[:, None, None, :] == 0, float("-inf")), dim=-1)
