"""Barème: an autograded BERT & GPT course on nbgrader, and the engine that grades it."""

__version__ = "0.1.0"
