"""A relay between clients and the server, by which a connection can be cut."""

import socket
import threading


class Relay:
    """Relays connections to an address until they are cut."""

    def __init__(self, target):
        self.target = target
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            host, port = self.target.rsplit(":", 1)
            server = socket.create_connection((host, int(port)))
            self.sockets += [client, server]
            for pair in [(client, server), (server, client)]:
                threading.Thread(target=self._copy, args=pair, daemon=True).start()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass

    def cut(self):
        """Cuts all connections, as a lost network would; no further ones are accepted."""
        self.listener.close()
        for each in self.sockets:
            each.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for each in self.sockets:
            each.close()
