import torch


def encode_pair(a, b, max_len, cls, sep, pad):
    if b is None:
        a = a[: max_len - 2]
        ids, segments = [cls, *a, sep], [0] * (len(a) + 2)
    else:
        while len(a) + len(b) > max_len - 3:
            if len(a) > len(b):
                a.pop()
            else:
                b.pop()
        ids = [cls, *a, sep, *b, sep]
        segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    useful, missing = len(ids), max_len - len(ids)
    return {
        "input_ids": torch.tensor(ids + [pad] * missing),
        "token_type_ids": torch.tensor(segments + [0] * missing),
        "attention_mask": torch.tensor([1] * useful + [0] * missing),
    }
