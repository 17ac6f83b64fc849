def wordpiece(word: str, vocab: dict, unk: str = "[UNK]", max_chars: int = 100) -> list:
    tokens, rest, prefix = [], word, ""
    if len(rest) > max_chars:
        return [unk]
    while rest:
        size = len(rest)
        while size > 0 and (prefix + rest[:size]) not in vocab:
            size -= 1
        if size == 0:
            return [unk]
        tokens.append(prefix + rest[:size])
        rest, prefix = rest[size:], "##"
    return tokens
