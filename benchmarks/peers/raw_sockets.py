"""What the mock server can do: the same request many times over a few connections, answers thrown away.

``raw_sockets.py PORT PATH REQUESTS``
"""

import selectors
import socket
import sys

port, path, requests = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
CONNECTIONS = 4
request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
selector = selectors.DefaultSelector()
buffer = bytearray(1 << 20)


def length_of(answer):
    """Return the length of an answer from its head."""
    head, _, _ = bytes(answer).partition(b"\r\n\r\n")
    return len(head) + 4 + int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])


with socket.create_connection(("127.0.0.1", port)) as first:
    first.sendall(request)
    size = length_of(first.recv(65_536))
for _ in range(CONNECTIONS):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(request)
    selector.register(connection, selectors.EVENT_READ, [size])
sent, done = CONNECTIONS, 0
while done < requests:
    for key, _ in selector.select():
        key.data[0] -= key.fileobj.recv_into(buffer)
        if key.data[0] == 0:
            done += 1
            if sent < requests:
                key.data[0] = size
                key.fileobj.sendall(request)
                sent += 1
