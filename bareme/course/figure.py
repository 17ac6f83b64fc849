"""A matplotlib figure that notebooks show wherever pyplot was never imported."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """IPython asks a cell's last value for a picture; matplotlib answers only once pyplot has set its backend up."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=100)
        return picture.getvalue()
