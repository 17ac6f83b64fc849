import torch


def masked_softmax(s, m):
    bias = torch.zeros_like(m, dtype=s.dtype).masked_fill(m == 0, float("-inf"))
    return torch.nan_to_num(torch.softmax(s + bias[:, None, None, :], dim=-1))
