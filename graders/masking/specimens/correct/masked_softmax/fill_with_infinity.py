import torch


def masked_softmax(s, m):
    pads = (m == 0)[:, None, None, :]
    p = torch.softmax(s.masked_fill(pads, float("-inf")), dim=-1)
    return p.masked_fill(pads, 0.0)  # a row without any key was NaN
