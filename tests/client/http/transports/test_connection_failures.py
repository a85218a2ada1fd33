"""Connections that cannot be made, break or end: what is reported, and whether the request may be repeated."""

import re
import socket
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from talon_one_client import TalonOneClient
from talon_one_client import errors as e

PROGRAMS = b'{"data":[]}'
REFERRAL = {"campaignId": 1, "advocateProfileIntegrationId": "ada"}
SECRETS = ("integration-k3y-0123456789", "management-k3y-9876543210", "pr0xy-pa55")


def raised_by(client, call=TalonOneClient.get_loyalty_programs):
    """The error of a call."""
    with pytest.raises(e.TalonOneError) as raised:
        call(client)
    return raised.value


def refer(client):
    """Send a request that must not be repeated once the server may have acted on it."""
    return client.create_referral(REFERRAL)


def test_a_refused_port_is_reported(client_of, closed_port):
    """The error of a refused connection names the address, the reason and the setting to check."""
    url = f"http://127.0.0.1:{closed_port}"
    error = raised_by(client_of(url))
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts
    assert str(error).startswith(f"get_loyalty_programs: {url} does not answer: ")
    assert str(error).endswith("Connection refused; check base_url")


def test_an_unknown_host_is_reported(client_of):
    """A host that does not exist is given up after three tries."""
    error = raised_by(client_of("http://talon-one.invalid", allow_http=True))
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts
    assert str(error).endswith("; check base_url")


@pytest.mark.parametrize(("status", "attempts"), [(200, 3), (404, 3), (403, 3)])
def test_a_web_server_is_reported(serve, client_of, status, attempts):
    """HTML is not an answer of Talon.One, and the 404 of another server is not a missing record."""
    error = raised_by(client_of(serve((status, {}, b"<html>Welcome</html>")).url))
    expected = e.PermissionDeniedError if status == 403 else e.UnexpectedResponseError
    assert expected is type(error)
    assert attempts == error.attempts
    assert status == error.status
    assert status == 403 or "check base_url" in str(error)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.update_customer_profile_audiences({"data": []}),
        lambda c: c.export_loyalty_cards(1),
        lambda c: c.delete_customer_data("ada"),
        lambda c: c.track_event_v2({"profileId": "x", "type": "y"}),
    ],
)
def test_a_web_page_is_no_success(serve, client_of, call):
    """A write or an export that was answered by a login page has not succeeded."""
    error = raised_by(client_of(serve((200, {}, b"\n<html>Log in</html>")).url), call)
    assert e.UnexpectedResponseError is type(error)
    assert 3 == error.attempts


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(serve, client_of, status):
    """A redirect is not followed, so that the key goes to no other address."""
    target = serve((200, {}, b"{}"))
    server = serve((status, {"Location": f"{target.url}/"}, b""))
    error = raised_by(client_of(server.url))
    assert e.UnexpectedResponseError is type(error)
    assert 1 == len(server.seen)
    assert 0 == len(target.seen)
    assert f"HTTP {status}: the server redirects; set base_url to the address it redirects to" == error.message


def test_what_speaks_no_http_is_reported(talk, client_of):
    """A port that does not speak HTTP is given up after three tries."""
    url = talk(lambda connection: connection.recv(9) and connection.sendall(b"220 mail ESMTP\r\n"))
    error = raised_by(client_of(url))
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts
    assert f"get_loyalty_programs: {url} does not answer: the server does not speak HTTP; check base_url" == str(error)


def test_an_unknown_certificate_is_reported(serve, client_of, certificate, secure):
    """An unknown certificate fails at once with reason and setting; the CA bundle makes it work."""
    server = serve((200, {}, b'{"data":[]}'), context=secure(certificate))
    error = raised_by(client_of(server.url))
    assert e.TlsError is type(error)
    assert 1 == error.attempts
    assert re.search(r"was not accepted \(.*self.signed certificate.*\); check base_url, or set ca_bundle", str(error))
    assert {"data": []} == client_of(server.url, verify=str(certificate)).get_loyalty_programs()


def test_tls_to_a_plain_server_is_reported(serve, client_of):
    """``https`` to a server that speaks ``http`` fails at the first try."""
    error = raised_by(client_of(serve((200, {}, b"{}")).url.replace("http:", "https:")))
    assert e.TlsError is type(error)
    assert 1 == error.attempts


def test_plain_http_to_a_tls_server_is_reported(serve, client_of, certificate, secure):
    """``http`` to a server that speaks ``https`` fails within the first tries."""
    server = serve((200, {}, b"{}"), context=secure(certificate))
    error = raised_by(client_of(server.url.replace("https:", "http:")))
    assert e.ConnectionFailedError is type(error)


def test_a_tls_connection_that_breaks_may_have_carried_the_request(talk, client_of, certificate, secure):
    """A broken TLS connection is not a TlsError, and a non-idempotent request is not repeated."""
    context = secure(certificate)

    def behave(connection):
        with connection.dup() as raw, context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            raw.sendall(b"\x17\x03\x03\x00\x30" + bytes(48))  # a record that cannot be decrypted
            tls.recv(1)

    client = client_of(talk(behave).replace("http:", "https:"), verify=str(certificate))
    error = raised_by(client, refer)
    assert e.ConnectionFailedError is type(error)
    assert 1 == error.attempts
    assert "bad record mac" in str(error)


def test_a_proxy_that_is_down_is_reported(client_of, closed_port, monkeypatch):
    """A proxy that is down is reported, and any request is retried because nothing was sent."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    monkeypatch.setenv("no_proxy", "")
    client = client_of("http://demo.talon.example", allow_http=True)
    error = raised_by(client, refer)
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts
    assert "the proxy refuses the connection" in str(error)


def test_a_silent_server_is_reported(talk, client_of):
    """The error of a silent server names the read timeout and the number of attempts."""
    url = talk(lambda connection: list(iter(lambda: connection.recv(65536), b"")))
    error = raised_by(client_of(url, read_timeout_s=0.05), lambda c: c.create_audience_v2({"name": "x"}))
    assert e.ConnectionFailedError is type(error)
    assert 1 == error.attempts
    assert "no answer within the read timeout" in str(error)


def reset(connection):
    """Close a connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def read_request(connection):
    """Read a request; return it, or nothing if the connection has ended."""
    received = b""
    while b"\r\n\r\n" not in received and (more := connection.recv(65536)):
        received += more
    return received


def broken(*parts, end=lambda connection: None):
    """A server that reads a request, sends these bytes and ends the connection."""

    def behave(connection):
        if read_request(connection):
            for part in parts:
                connection.sendall(part)
            end(connection)

    return behave


BREAKS = {
    "closed without an answer": broken(),
    "reset without an answer": broken(end=reset),
    "closed within the status line": broken(b"HTTP/1.1 20"),
    "closed within the headers": broken(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"),
    "reset within the body": broken(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"id"', end=reset),
    "closed within the body": broken(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"id"'),
    "closed within a chunk": broken(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_request_that_was_written_may_have_been_processed(talk, client_of, kind):
    """A connection that breaks after the request was written is not repeated, unless the request does no harm."""
    error = raised_by(client_of(talk(BREAKS[kind])), refer)
    assert type(error) in (e.ConnectionFailedError, e.UnexpectedResponseError)
    assert 1 == error.attempts


@pytest.mark.parametrize("kind", BREAKS)
def test_a_harmless_request_is_repeated_after_a_break(talk, client_of, kind):
    """A read is repeated on a new connection after any break."""
    behaviors = [BREAKS[kind], broken(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)]

    def behave(connection):
        behaviors.pop(0)(connection)

    client = client_of(talk(behave))
    assert {"data": []} == client.get_loyalty_programs()


def test_a_connection_that_the_server_closes_while_it_is_used_is_not_written_to_twice(talk, client_of):
    """No transport repeats a request by itself: the server gets a request once that must not be repeated."""
    seen = []

    def behave(connection):
        while request := read_request(connection):
            seen.append(request.split(b" ")[1])
            if len(seen) > 1:
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)

    client = client_of(talk(behave))
    client.get_loyalty_programs()
    error = raised_by(client, refer)
    assert 1 == error.attempts
    assert [b"/v1/loyalty_programs", b"/v1/referrals"] == seen


def test_a_connection_that_was_closed_while_idle_is_replaced(talk, client_of):
    """A request that must not be repeated is not written to a connection that the server has closed before."""
    seen = []

    def behave(connection):
        request = read_request(connection)
        if request.startswith(b"POST"):
            seen.append(request)
            connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 16\r\n\r\n" + b'{"message":"no"}')
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + PROGRAMS)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        closed.set()

    closed = threading.Event()
    client = client_of(talk(behave))
    client.get_loyalty_programs()
    assert closed.wait(10)
    error = raised_by(client, refer)
    assert 404 == error.status
    assert 1 == len(seen)


def test_connections_are_kept(serve, client_of):
    """Requests one after the other use one connection."""
    ports = []

    def answer(handler):
        ports.append(handler.client_address[1])
        return 200, {}, PROGRAMS

    client = client_of(serve(answer).url)
    for _ in range(5):
        client.get_loyalty_programs()
    assert 5 == len(ports)
    assert 1 == len(set(ports))


def test_a_tls_handshake_that_breaks_is_repeated(talk, client_of):
    """A connection that ends within the TLS handshake has carried no request, so that any request is repeated."""
    handshakes = []

    def behave(connection):
        handshakes.append(connection.recv(65536))
        reset(connection)

    client = client_of(talk(behave).replace("http:", "https:"))
    error = raised_by(client, refer)
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts
    assert 3 == len(handshakes)


def test_a_silent_tls_handshake_ends_at_the_connect_timeout(talk, client_of):
    """A server that is silent within the TLS handshake ends the attempt; the request was not written."""
    url = talk(lambda connection: list(iter(lambda: connection.recv(65536), b"")))
    client = client_of(url.replace("http:", "https:"), connect_timeout_s=0.1, read_timeout_s=30)
    error = raised_by(client, refer)
    assert e.ConnectionFailedError is type(error)
    assert 3 == error.attempts


def certificate_of(path, host, first, last):
    """A self-signed certificate with a key, both in one file; it is valid on some days, counted from today."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now + timedelta(days=first)).not_valid_after(now + timedelta(days=last))
    made = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False).sign(key, hashes.SHA256())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    path.write_bytes(key.private_bytes(pem, form, plain) + made.public_bytes(pem))
    return path


HERE = x509.IPAddress(ip_address("127.0.0.1"))
WRONG_CERTIFICATES = {
    "wrong host": ((x509.DNSName("demo.talon.one"), -1, 2), "127.0.0.1"),
    "expired": ((HERE, -9, -2), "expired"),
    "of the future": ((HERE, 2, 9), "not yet valid"),
}


@pytest.mark.parametrize("kind", WRONG_CERTIFICATES)
def test_a_trusted_certificate_must_fit(serve, client_of, tmp_path, secure, kind):
    """A certificate in the CA bundle is refused if it is not valid today, or for another host; nothing is sent."""
    arguments, words = WRONG_CERTIFICATES[kind]
    path = certificate_of(tmp_path / "other.pem", *arguments)
    server = serve((200, {}, PROGRAMS), context=secure(path))
    error = raised_by(client_of(server.url, verify=str(path)))
    assert e.TlsError is type(error)
    assert 1 == error.attempts
    assert words in str(error).replace(server.url, "")
    assert [] == server.seen


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_certificates_are_trusted_without_a_check_only_if_the_setting_says_so(serve, client_of, certificate, secure):
    """With ``verify=False`` any certificate is accepted."""
    server = serve((200, {}, PROGRAMS), context=secure(certificate))
    assert {"data": []} == client_of(server.url, verify=False).get_loyalty_programs()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_a_ca_bundle(serve, client_of, certificate, monkeypatch, name, secure):
    """A CA bundle of the environment is trusted; one of the settings comes first."""
    server = serve((200, {}, PROGRAMS), context=secure(certificate))
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(certificate))
    assert {"data": []} == client_of(server.url).get_loyalty_programs()


def test_a_folder_of_certificates_is_trusted(serve, client_of, certificate, tmp_path, secure):
    """``verify`` may name a folder whose files are named after the hashes of their certificates."""
    shown = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", certificate], check=True, capture_output=True)
    (tmp_path / f"{shown.stdout.decode().strip()}.0").write_text(certificate.read_text())
    server = serve((200, {}, PROGRAMS), context=secure(certificate))
    assert {"data": []} == client_of(server.url, verify=str(tmp_path)).get_loyalty_programs()


def test_no_error_of_a_connection_holds_a_secret(client_of, closed_port, monkeypatch):
    """Neither keys nor the password of a proxy are in errors about connections."""
    monkeypatch.setenv("http_proxy", f"http://user:{SECRETS[2]}@127.0.0.1:{closed_port}")
    monkeypatch.setenv("no_proxy", "")
    client = client_of("http://demo.talon.example", allow_http=True)
    error = raised_by(client)
    texts = [str(error), repr(error), repr(vars(error)), repr(client), repr(client.executor.transport)]
    assert [] == [secret for secret in SECRETS if secret in "".join(texts)]
