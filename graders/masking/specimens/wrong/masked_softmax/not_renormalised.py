import torch


def masked_softmax(s, m):
    return torch.softmax(s, dim=-1) * m[:, None, None, :]
