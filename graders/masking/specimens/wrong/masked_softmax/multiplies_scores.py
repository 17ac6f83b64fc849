import torch


def masked_softmax(s, m):
    return torch.softmax(s * m[:, None, None, :], dim=-1)
