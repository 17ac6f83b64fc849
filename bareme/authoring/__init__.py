"""Proving a grader: specimens, mutants, flakiness, margins, leaks, statements, and the record of the proof."""
