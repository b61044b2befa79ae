"""A web address → the bytes behind it, fetched with care: nobody's own machine, nothing endless, nobody's ban ignored.

Knows addresses and servers, not articles. Every address, redirects included, is resolved once and checked, and the
connection goes to the very address that was checked, so a name that changes its address meanwhile leads nowhere else.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import SHUT_RDWR, SOCK_STREAM, getaddrinfo, socket
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rag import __version__
from rag.errors import FetchError

if TYPE_CHECKING:
    from protego import Protego
    from urllib3.connection import HTTPConnection

AGENT = "Beleg"
USER_AGENT = f"{AGENT}/{__version__} (news archive; one request at a time; obeys robots.txt)"
_ACCEPT = "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, application/pdf, */*;q=0.5"
_CHUNK = 65_536
_ROBOTS_BYTES = 500_000  # RFC 9309: at least 500 KiB are to be read
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAT64 = ip_network("64:ff9b::/96")
_REFUSALS = {
    401: "it wants a password",
    402: "it wants to be paid",
    403: "its server forbids it",
    404: "there is no such page",
    410: "the page was taken down",
    429: "its server has had too many requests; try again later",
    451: "it may not be shown, for legal reasons",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one page may take in all, how large it may be unpacked, how often it may point elsewhere; and the pause
    between two requests to one host. Seconds and bytes."""

    seconds: float = 30.0
    bytes: int = 20_000_000
    redirects: int = 5
    pause: float = 1.0
    longest_pause: float = 30.0


@dataclass(frozen=True, slots=True)
class Page:
    """What an address gave: the address that it came from in the end, its bytes, its media type, its encoding."""

    address: str
    data: bytes
    media_type: str
    charset: str | None


class Fetcher:
    """Fetches pages one after another. ``allow_private`` lets it visit this machine and the networks around it."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        limits: Limits = Limits(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._allow_private = allow_private
        self._limits = limits
        self._sleep = sleep
        self._last: dict[str, float] = {}
        self._robots: dict[str, Protego | FetchError] = {}

    def get(self, address: str) -> Page:
        """The page behind an address. Raises FetchError, with the reason in one line."""
        return self._follow(address, self._limits.bytes, obey=True)

    def _follow(self, address: str, most: int, *, obey: bool) -> Page:
        for _ in range(self._limits.redirects + 1):
            parts = _parts(address)
            if obey:
                self._require_leave(parts)
            found = self._request(parts, most, wait=obey)
            if isinstance(found, Page):
                return found
            address = _joined(parts.geturl(), found)
        raise FetchError(f"it points elsewhere more than {self._limits.redirects} times; name the page itself.")

    # robots.txt ------------------------------------------------------------------------------------------------------

    def _require_leave(self, parts: SplitResult) -> None:
        rules = self._rules(parts)
        if isinstance(rules, FetchError):
            raise rules
        if not rules.can_fetch(parts.geturl(), AGENT):
            raise FetchError(
                "its robots.txt does not allow programs to read it; save the page yourself and add the file."
            )

    def _rules(self, parts: SplitResult) -> Protego | FetchError:
        """The rules of a host, asked for once. RFC 9309: no file, no rules; a file that cannot be had, no leave."""
        from protego import Protego

        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._robots:
            try:
                text = self._follow(f"{origin}/robots.txt", _ROBOTS_BYTES, obey=False).data.decode("utf-8", "replace")
                self._robots[origin] = Protego.parse(text)
            except FetchError as error:
                missing = error.status is not None and 400 <= error.status < 500
                self._robots[origin] = Protego.parse("") if missing else error
        return self._robots[origin]

    def _wait(self, parts: SplitResult) -> None:
        """Until the host may be asked again: a second, or what its robots.txt wishes up to half a minute."""
        rules = self._robots.get(f"{parts.scheme}://{parts.netloc}")
        wished = None if rules is None or isinstance(rules, FetchError) else rules.crawl_delay(AGENT)
        pause = max(self._limits.pause, min(float(wished or 0), self._limits.longest_pause))
        host = parts.hostname or ""
        if host in self._last and (left := self._last[host] + pause - time.monotonic()) > 0:
            self._sleep(left)

    # One request -----------------------------------------------------------------------------------------------------

    def _request(self, parts: SplitResult, most: int, *, wait: bool) -> Page | str:
        """The page, or the address that it points to."""
        if wait:
            self._wait(parts)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        with _said(host), _deadline(self._limits.seconds) as watch:
            connection = _connection(parts.scheme, host, self._address(host, port), port, self._limits.seconds)
            try:
                connection.connect()
                watch(connection.sock)
                headers = {"Host": parts.netloc, "User-Agent": USER_AGENT, "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
                connection.request("GET", _target(parts), headers=headers, preload_content=False)
                response = connection.getresponse()
                if response.status in _REDIRECTS and response.headers.get("Location"):
                    return str(response.headers["Location"])
                if response.status != 200:
                    reason = _REFUSALS.get(response.status, f"its server answers with {response.status}")
                    raise FetchError(f"{reason}; see whether the address is right.", status=response.status)
                data = b""
                while chunk := response.read(_CHUNK):
                    data += chunk
                    if len(data) > most:
                        raise FetchError(f"it is larger than {most / 1_000_000:g} MB; save its article as a file.")
                media_type, _, rest = response.headers.get("Content-Type", "").partition(";")
                return Page(parts.geturl(), data, media_type.strip().lower(), _charset(rest))
            finally:
                connection.close()
                if wait:
                    self._last[host] = time.monotonic()

    def _address(self, host: str, port: int) -> str:
        """The one address of a host that is then connected to. Refused if any of its addresses is private."""
        found = [str(entry[4][0]) for entry in getaddrinfo(host, port, type=SOCK_STREAM)]
        if not self._allow_private and not all(map(is_public, found)):
            raise FetchError(
                f"{host} is a private address, of this machine or a network around it; "
                "set BELEG_ALLOW_PRIVATE=1 if you mean it."
            )
        return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet; one address inside another counts as the inner one."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


def _parts(address: str) -> SplitResult:
    """An address taken apart; only http and https, without a password. Raises FetchError."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode() if not _is_ip6(parts) else parts.hostname
    except ValueError as error:  # UnicodeError, too
        raise FetchError("it is no web address; write it as https://…") from error
    if parts.scheme not in ("http", "https") or not host or len(address) > 2_000:
        raise FetchError("it is no web address; write it as https://…")
    if parts.username is not None or parts.password is not None:
        raise FetchError("it holds a password; only open pages are fetched.")
    shown = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{shown}:{port}" if port else shown, fragment="")


def _joined(address: str, found: str) -> str:
    try:
        return urljoin(address, found)
    except ValueError as error:  # "http://[…"
        raise FetchError("it is no web address; write it as https://…") from error


def _is_ip6(parts: SplitResult) -> bool:
    return ":" in (parts.hostname or "")


def _target(parts: SplitResult) -> str:
    """Path and query as they go over the wire."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else path


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            return value.strip("\"' ") or None
    return None


def _connection(scheme: str, host: str, address: str, port: int, seconds: float) -> HTTPConnection:
    """A connection to an address that was checked; the certificate must be that of the host."""
    from urllib3.connection import HTTPConnection, HTTPSConnection

    if scheme == "http":
        return HTTPConnection(address, port, timeout=seconds)
    return HTTPSConnection(
        address, port, timeout=seconds, server_hostname=host, assert_hostname=host, ssl_context=_trusted()
    )


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """The system's certificates, and those that Python packages bring where a system has none."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _deadline(seconds: float) -> Iterator[Callable[[socket], None]]:
    """Ends a connection when its time is up, however slowly a server drips; then raises FetchError."""
    ends = time.monotonic() + seconds
    watched: list[socket] = []

    def end() -> None:
        for open_socket in watched:
            with suppress(OSError):  # the other side may have hung up already
                open_socket.shutdown(SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield watched.append
    except Exception as error:
        if time.monotonic() >= ends and not isinstance(error, FetchError):
            raise _late(seconds) from error
        raise
    finally:
        timer.cancel()
    if time.monotonic() >= ends:  # a page without a length just seems to end
        raise _late(seconds)


def _late(seconds: float) -> FetchError:
    return FetchError(f"it took longer than {seconds:g} s; try again later.")


@contextmanager
def _said(host: str) -> Iterator[None]:
    """Turns what sockets, TLS and HTTP raise into FetchError."""
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (OSError, HTTPError, HTTPException, UnicodeError, ValueError) as error:
        said = " ".join(str(getattr(error, "strerror", None) or error or type(error).__name__).split())[:200]
        raise FetchError(f"{host} cannot be reached or breaks off ({said}); try again later.") from error
