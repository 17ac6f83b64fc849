import torch


def encode_pair(a, b, max_len, cls, sep, pad):
    """Lengths first, without a loop; then tensors of the final size, written by slices."""
    pair = b is not None
    room = max_len - (3 if pair else 2)
    size_a, size_b = len(a), len(b or [])
    if size_a + size_b > room:
        if not pair:
            size_a = room
        elif size_b < room // 2 + 1 and size_b <= room - size_b:
            size_a = room - size_b
        elif size_a <= room // 2:
            size_b = room - size_a
        else:
            size_a, size_b = (room + 1) // 2, room // 2
    first_sep = 1 + size_a
    last = first_sep + (size_b + 1 if pair else 0)
    ids = torch.full((max_len,), pad, dtype=torch.long)
    ids[0], ids[first_sep] = cls, sep
    ids[1:first_sep] = torch.tensor(a[:size_a], dtype=torch.long)
    if pair:
        ids[first_sep + 1 : last] = torch.tensor(b[:size_b], dtype=torch.long)
        ids[last] = sep
    place = torch.arange(max_len)
    return {
        "input_ids": ids,
        "attention_mask": (place <= last).long(),
        "token_type_ids": ((place > first_sep) & (place <= last)).long(),
    }
