"""Class runs: the demo class, and later batch and cluster runs."""
