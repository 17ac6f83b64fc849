def bert_layer(x, w, n_heads, m):
    """Attention puis réseau, chacun avec connexion résiduelle et normalisation. / Attention, then feed-forward, each with
    a residual connection and normalisation.

    x: float [B, L, D], w: dict[str, torch.Tensor], n_heads: int, m: int64 [B, L] -> float [B, L, D]
    """
    ### BEGIN SOLUTION
    def dense(name, h):
        return F.linear(h, w[f"{name}.dense.weight"], w[f"{name}.dense.bias"])

    def norm(name, h):
        return F.layer_norm(h, x.shape[2:], w[f"{name}.LayerNorm.weight"], w[f"{name}.LayerNorm.bias"], 1e-12)

    prefix = "attention.self."
    own = {name.removeprefix(prefix): one for name, one in w.items() if name.startswith(prefix)}
    mixed, _ = self_attention(x, own, n_heads, m)
    h = norm("attention.output", x + dense("attention.output", mixed))
    return norm("output", h + dense("output", F.gelu(dense("intermediate", h))))
    ### END SOLUTION
