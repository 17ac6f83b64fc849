import torch


def mean_pool(h, m):
    batch, _, width = h.shape
    rows, columns = m.nonzero(as_tuple=True)
    sums = torch.zeros(batch, width, dtype=h.dtype).index_add(0, rows, h[rows, columns])
    counts = torch.bincount(rows, minlength=batch)
    counts[counts == 0] = 1
    return sums / counts[:, None]
