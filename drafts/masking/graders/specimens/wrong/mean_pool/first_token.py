def mean_pool(h, m):
    return h[:, 0] * (m.sum(dim=1) > 0)[:, None]
