"""Stand in for a kernel's process: ask `tests.warm_kernels` for the kernel, pass signals on.

python -I -S warm_kernel.py ADDRESS -f CONNECTION_FILE
"""

import contextlib
import json
import os
import signal
import socket
import sys
import time


def main() -> None:
    """Start the kernel and last as long as it does."""
    server = socket.socket(socket.AF_UNIX)
    while True:  # it may still be importing
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            server.connect(sys.argv[1])
            break
        time.sleep(0.05)
    wanted = {"argv": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
    message = json.dumps(wanted).encode()
    socket.send_fds(server, [len(message).to_bytes(8, "big")], [1, 2])
    server.sendall(message)
    kernel = int.from_bytes(server.recv(8, socket.MSG_WAITALL), "big")

    def pass_on(number: int, _: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(kernel, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    server.recv(1)  # until the kernel has ended


if __name__ == "__main__":
    main()
