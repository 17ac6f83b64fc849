"""What a notebook may import: models, data sets, plots."""
