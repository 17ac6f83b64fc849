def fill_mask(model, tokenizer, text, k):
    """Les k morceaux les plus probables de chaque [MASK]. / The k likeliest pieces of each [MASK].

    model: BertForMaskedLM, tokenizer, text: str, k: int -> list[list[tuple[str, float]]]
    """
    ### BEGIN SOLUTION
    encoded = tokenizer(text, return_tensors="pt")
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(**encoded).logits
    model.train(was_training)
    blanks = logits[encoded["input_ids"] == tokenizer.mask_token_id]  # [masks, V]
    probabilities, ids = blanks.softmax(dim=-1).topk(k)
    pieces = [tokenizer.convert_ids_to_tokens(row) for row in ids]
    return [list(zip(names, row)) for names, row in zip(pieces, probabilities.tolist())]
    ### END SOLUTION
