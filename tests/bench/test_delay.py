import socket
import threading
import time

import pytest

from tests.bench.delay import DelayProxy

ONE_WAY = 0.05


@pytest.fixture
def echo():
    """The port of a server that sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            with there:
                while data := there.recv(65536):
                    there.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def test_all_bytes_arrive_in_order_and_no_earlier_than_a_round_trip(echo):
    sent = b"".join(b"%07d\n" % number for number in range(40_000))
    with DelayProxy(echo, one_way=ONE_WAY) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as line:
        line.settimeout(30)
        line.sendall(b"?")
        assert line.recv(1) == b"?"
        began = time.monotonic()
        line.sendall(b"!")
        assert line.recv(1) == b"!"
        # A least time, which no load can break; timers of libuv may be a millisecond early.
        assert time.monotonic() - began > 2 * ONE_WAY - 0.005
        threading.Thread(target=line.sendall, args=(sent,), daemon=True).start()
        got = b""
        while len(got) < len(sent):
            got += line.recv(65536)
    assert got == sent
