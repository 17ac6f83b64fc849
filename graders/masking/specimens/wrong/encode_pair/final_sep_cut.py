import torch


def encode_pair(a, b, max_len, cls, sep, pad):
    if b is None:
        ids, segments = [cls, *a, sep], [0] * (len(a) + 2)
    else:
        ids = [cls, *a, sep, *b, sep]
        segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    ids, segments = ids[:max_len], segments[:max_len]
    useful, missing = len(ids), max_len - len(ids)
    return {
        "input_ids": torch.tensor(ids + [pad] * missing),
        "token_type_ids": torch.tensor(segments + [0] * missing),
        "attention_mask": torch.tensor([1] * useful + [0] * missing),
    }
