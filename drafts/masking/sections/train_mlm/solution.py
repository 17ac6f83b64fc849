def train_mlm(model, data, steps, lr, seed):
    """Entraîne `model` sur place à deviner les jetons masqués, et renvoie les pertes. / Trains `model` in place to guess
    the masked tokens, and returns the losses.

    model: BertForMaskedLM, data: dict, steps: int, lr: float, seed: int -> list[float]
    """
    ### BEGIN SOLUTION
    train = data["train"]
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    was_training = model.training
    model.train()
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(train["ids"]), (32,), generator=rng)
        inputs, labels = mask_tokens(
            train["ids"][rows],
            train["special"][rows],
            data["mask_id"],
            data["vocab_size"],
            data["special_ids"],
            0.15,
            rng,
        )
        logits = model(input_ids=inputs, attention_mask=train["attention_mask"][rows]).logits
        loss = mlm_loss(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.train(was_training)
    return losses
    ### END SOLUTION
