"""The zygote: the fork server whose children are sandboxes.

Runs inside bubblewrap as pid 1 (level ``full``) or plainly (level ``inner``). It never runs student code: the forked
child puts up its walls and becomes the student's kernel.
"""

from __future__ import annotations

import argparse
import functools
import socket

from bareme.sandbox import forkserver, kernel


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--level", choices=("full", "inner"), required=True)
    arguments = parser.parse_args()
    kernel.preload(arguments.level)
    forkserver.serve(
        socket.socket(fileno=arguments.control),
        functools.partial(kernel.run, level=arguments.level),
        own_namespaces=arguments.level == "full",
    )


if __name__ == "__main__":
    main()
