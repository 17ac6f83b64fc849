"""The confined process that runs one submission, and its walls."""
