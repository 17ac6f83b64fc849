def wordpiece(word, vocab, unk="[UNK]", max_chars=100):
    if len(word.encode()) > max_chars:
        return [unk]
    pieces, start = [], 0
    while start < len(word):
        end = len(word)
        prefix = "##" if start else ""
        while end > start and prefix + word[start:end] not in vocab:
            end -= 1
        if end == start:
            return [unk]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces
