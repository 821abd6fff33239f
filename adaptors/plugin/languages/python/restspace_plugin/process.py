"""The life of the program: the handshake of hashicorp/go-plugin with mutual TLS."""
import base64
import datetime
import os
import signal
import sys
import tempfile
import threading
from concurrent import futures

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .services import PluginService, StoreService, handler

MAX_MESSAGE = 16 << 20
WORKERS = 256  # calls side by side
GRACE = 1.0  # seconds for what is under way at the end


def serve(store):
    """Serves a store to the server that started this program, until that is gone
    or wants it to end. It does not return."""
    if os.environ.get('RESTSPACE_PLUGIN') != 'adaptor':
        sys.exit('This program is a plugin of restspace: name its path as "adaptor" in services.json.')
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the server finishes its requests first
    answer = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # from here on print writes to the log

    certificate, key = _certificate()
    path = os.path.join(tempfile.mkdtemp(dir=os.environ.get('PLUGIN_UNIX_SOCKET_DIR')), 's')
    server = _server(store)
    server.add_secure_port(f'unix:{path}', grpc.ssl_server_credentials(
        [(key, certificate.public_bytes(serialization.Encoding.PEM))],
        root_certificates=os.environ['PLUGIN_CLIENT_CERT'].encode(), require_client_auth=True))
    server.start()
    der = certificate.public_bytes(serialization.Encoding.DER)
    print('1', '1', 'unix', path, 'grpc', base64.b64encode(der).decode().rstrip('='), sep='|', file=answer, flush=True)

    while os.read(0, 1 << 16):  # ends with the server
        pass
    _end(server, store)


def _server(store):
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS), options=[
        ('grpc.max_receive_message_length', MAX_MESSAGE),
        ('grpc.max_send_message_length', MAX_MESSAGE),
    ])
    server.add_generic_rpc_handlers((handler('Plugin', PluginService(store)), handler('Store', StoreService(store))))
    return server


def _certificate():
    """Returns a certificate that is good for this one run, and its key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'localhost')])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName('localhost')]), critical=False)
        .sign(key, hashes.SHA256()))
    return certificate, key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _end(server, store):
    threading.Timer(GRACE + 0.5, os._exit, (0,)).start()  # whatever hangs
    server.stop(GRACE).wait()
    if hasattr(store, 'close'):
        store.close()
    sys.stderr.flush()
    os._exit(0)
