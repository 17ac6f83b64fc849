encoder, encoder_tokenizer = load_model("tiny-encoder"), load_tokenizer("tiny-encoder")
filled = fill_mask(encoder, encoder_tokenizer, "La petite [MASK] dort dans le [MASK].", k=4)
assert [len(candidates) for candidates in filled] == [4, 4]
assert all(type(piece) is str and type(probability) is float for candidates in filled for piece, probability in candidates)
assert all(0 < sum(probability for _, probability in candidates) < 1 for candidates in filled)
assert fill_mask(encoder, encoder_tokenizer, "Il n'y a pas de trou ici.", k=4) == []
