def wordpiece(word, vocab, unk="[UNK]", max_chars=100):
    if len(word) > max_chars:
        return [unk]
    pieces, start = [], 0
    while start < len(word):
        end = start + 1
        prefix = "##" if start else ""
        while end <= len(word) and prefix + word[start:end] not in vocab:
            end += 1
        if end > len(word):
            return [unk]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
