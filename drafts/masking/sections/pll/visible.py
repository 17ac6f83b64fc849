sentence = load_tokenizer("tiny-encoder")("Les filles chantent.", return_tensors="pt")["input_ids"][0]
score = pll(load_model("tiny-encoder"), sentence)
assert type(score) is float
assert score < 0
assert pll(load_model("tiny-encoder"), torch.tensor([2, 3])) == 0.0
assert sentence.tolist() == load_tokenizer("tiny-encoder")("Les filles chantent.")["input_ids"]
