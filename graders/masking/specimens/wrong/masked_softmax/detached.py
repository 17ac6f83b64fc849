import torch


def masked_softmax(s, m):
    pads = (m == 0)[:, None, None, :]
    with torch.no_grad():
        p = torch.softmax(s.masked_fill(pads, float("-inf")), dim=-1)
        return p.masked_fill(pads, 0.0)
