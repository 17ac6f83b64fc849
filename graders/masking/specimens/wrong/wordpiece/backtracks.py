def wordpiece(word, vocab, unk="[UNK]", max_chars=100):
    if len(word) > max_chars:
        return [unk]
    dead_ends = set()

    def split(start):
        """The first split that reaches the end of the word, longest pieces first."""
        if start == len(word):
            return []
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocab and end not in dead_ends:
                rest = split(end)
                if rest is not None:
                    return [piece, *rest]
                dead_ends.add(end)
        return None

    found = split(0)
    return [unk] if found is None else found
