def mean_pool(h, m):
    return (h * m[:, :, None]).mean(dim=1)
