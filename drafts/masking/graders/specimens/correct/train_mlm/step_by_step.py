import torch


def train_mlm(model, data, steps, lr, seed):
    was = model.training
    model.train(True)
    generator = torch.Generator()
    generator.manual_seed(seed)
    ids, special, real = (data["train"][key] for key in ("ids", "special", "attention_mask"))
    optim = torch.optim.AdamW([parameter for _, parameter in model.named_parameters()], lr)

    def step():
        batch = torch.randint(0, ids.size(0), [32], generator=generator)
        x, y = mask_tokens(
            ids=ids[batch],
            special=special[batch],
            mask_id=data["mask_id"],
            vocab_size=data["vocab_size"],
            special_ids=data["special_ids"],
            p=0.15,
            rng=generator,
        )
        loss = mlm_loss(model(x, real[batch])["logits"], y)
        loss.backward()
        optim.step()
        optim.zero_grad()
        return loss.item()

    try:
        return [step() for _ in range(steps)]
    finally:
        model.train(was)
