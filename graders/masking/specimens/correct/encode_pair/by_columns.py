import torch


def _cut(a, b, room):
    left, right = list(a), list(b)
    while len(left) + len(right) > room:
        longer = left if len(left) > len(right) else right
        del longer[-1]
    return left, right


def encode_pair(a, b, max_len, cls, sep, pad):
    parts = [list(a)[: max_len - 2]] if b is None else _cut(a, b, max_len - 3)
    columns = [(cls, 0, 1)]
    for segment, tokens in enumerate(parts):
        columns += [(token, segment, 1) for token in [*tokens, sep]]
    columns += [(pad, 0, 0)] * (max_len - len(columns))
    ids, segments, mask = torch.tensor(columns, dtype=torch.int64).T
    return dict(input_ids=ids, token_type_ids=segments, attention_mask=mask)
