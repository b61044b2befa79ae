"""Fetching with care, against a real server on loopback that is hostile, broken or polite."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import pytest
import server as web
from hypothesis import given
from hypothesis import strategies as st

from rag.corpus.fetch import Fetcher, Limits, is_public
from rag.errors import FetchError

ARTICLE = "<html><body><article><p>Der Rat tagt.</p></article></body></html>"


@pytest.fixture(scope="module")
def running() -> Iterator[web.Server]:
    with web.serving() as server:
        yield server


@pytest.fixture
def server(running: web.Server) -> web.Server:
    running.pages, running.asked = {}, []
    return running


def fetcher(**limits: float) -> Fetcher:
    return Fetcher(allow_private=True, limits=Limits(**{"pause": 0.0, "seconds": 5.0, **limits}))  # type: ignore[arg-type]


def why(address: str, fetching: Fetcher | None = None) -> str:
    with pytest.raises(FetchError) as caught:
        (fetching or fetcher()).get(address)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_page_comes_with_its_final_address_its_type_and_its_encoding(server: web.Server) -> None:
    server.pages = {
        "/alt": web.redirect("/neu"),
        "/neu": web.page("Größe".encode("cp1252"), "text/html; charset=cp1252"),
    }
    page = fetcher().get(f"{server.address}/alt")
    assert (page.address, page.data.decode("cp1252")) == (f"{server.address}/neu", "Größe")
    assert (page.media_type, page.charset) == ("text/html", "cp1252")
    assert "Beleg/" in server.asked[-1][1]["User-Agent"]


def test_addresses_with_umlauts_and_blanks_are_asked_for_as_the_wire_wants_them(server: web.Server) -> None:
    server.pages = {"/stra%C3%9Fe%20eins": web.page(ARTICLE)}
    assert fetcher().get(f"{server.address}/straße eins?q=größe#teil").data == ARTICLE.encode()
    assert server.asked[-1][0] == "/stra%C3%9Fe%20eins?q=gr%C3%B6%C3%9Fe"


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "ftp://example.org/a", "gopher://x/", "javascript:alert(1)", "http://", "http://[::1",
     "//x/a", "https://user:secret@example.org/", "http://ex ample.org/", f"https://example.org/{'a' * 2_000}", "http://x:99999/",
     "http://.../", "http://\udc80/"],
)  # fmt: skip
def test_only_plain_web_addresses_are_fetched(address: str) -> None:
    assert "secret" not in why(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]",
     "[64:ff9b::7f00:1]", "[fe80::1]", "10.0.0.8", "192.168.1.1", "172.20.0.1", "169.254.169.254", "100.64.0.1"],
)  # fmt: skip
def test_no_private_address_is_visited(server: web.Server, host: str) -> None:
    assert "BELEG_ALLOW_PRIVATE" in why(f"http://{host}:{server.server_address[1]}/", Fetcher())
    assert server.asked == []


def test_a_redirect_to_a_private_address_is_not_followed(server: web.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first host passes for a public one; what it points to is checked anew."""
    port = server.server_address[1]
    server.pages = {"/": web.redirect(f"http://localhost:{port}/geheim"), "/geheim": web.page("Geheim.")}
    monkeypatch.setattr("rag.corpus.fetch.is_public", lambda address: address == "127.0.0.1")
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        "rag.corpus.fetch.getaddrinfo",
        lambda host, *a, **k: resolve("127.0.0.9" if host == "localhost" else host, *a, **k),
    )
    assert "private" in why(f"{server.address}/", Fetcher(limits=Limits(pause=0.0)))
    assert "/geheim" not in [path for path, _ in server.asked]


def test_a_host_that_has_a_private_address_among_others_is_not_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
    found = [(*entry, ("93.184.216.34", 80)), (*entry, ("10.0.0.1", 80))]
    monkeypatch.setattr("rag.corpus.fetch.getaddrinfo", lambda *_, **__: found)
    assert "private" in why("http://example.org/", Fetcher())


def test_the_name_is_asked_for_once_a_request_so_it_cannot_change_between(
    server: web.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages = {"/": web.page(ARTICLE)}
    asked: list[str] = []
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_address[1]))
    monkeypatch.setattr("rag.corpus.fetch.getaddrinfo", lambda host, *_, **__: asked.append(host) or [entry])
    fetcher().get(f"http://zeitung.example:{server.server_address[1]}/")
    assert asked == ["zeitung.example"] * 2  # robots.txt and the page; none by the connection, which has an address
    assert server.asked[-1][1]["Host"] == f"zeitung.example:{server.server_address[1]}"


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_counts_as_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))
    nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
    assert {is_public(str(a)) for a in (sixtofour, nat64, mapped)} == {is_public(str(address))}


@pytest.mark.parametrize("code", [401, 402, 403, 404, 410, 429, 451, 500, 503, 204])
def test_what_a_server_refuses_is_said(server: web.Server, code: int) -> None:
    server.pages = {"/": web.status(code)}
    assert "see whether the address is right" in why(f"{server.address}/")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.endless, "larger than"),
        (web.bomb, "larger than"),
        (web.page("x" * 3_000_000), "larger than"),
        (web.dripping(head=False), "longer than"),
        (web.dripping(head=True), "longer than"),
        (web.cut, "breaks off"),
        (web.nonsense, "breaks off"),
        (web.page("kein gzip", Content_Encoding="gzip"), "breaks off"),
        (web.redirect("/"), "elsewhere more than 5 times"),
        (web.redirect("file:///etc/passwd"), "no web address"),
        (web.redirect("http://[kaputt"), "no web address"),
        (web.redirect("http://user:pw@127.0.0.1/"), "password"),
    ],
)
def test_hostile_and_broken_servers_cost_little_and_are_one_line(
    server: web.Server, answer: web.Answer, words: str
) -> None:
    server.pages = {"/": answer, "/robots.txt": web.status(404)}
    assert words in why(f"{server.address}/", fetcher(seconds=1.0, bytes=2_000_000))


def test_a_host_that_does_not_answer_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    assert "cannot be reached" in why(f"http://127.0.0.1:{free}/")


def test_a_certificate_of_nobody_is_not_believed(server: web.Server) -> None:
    assert "cannot be reached" in why(server.address.replace("http:", "https:"))


# Manners -----------------------------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_and_asked_for_once(server: web.Server) -> None:
    rules = "User-agent: *\nDisallow: /intern\nDisallow: /*.pdf$\nAllow: /intern/offen\n"
    server.pages = {path: web.page(ARTICLE) for path in ("/", "/intern/a", "/intern/offen", "/a.pdf")}
    server.pages["/robots.txt"] = web.page(rules, "text/plain")
    fetching = fetcher()
    for path in ("/", "/intern/offen"):
        fetching.get(server.address + path)
    for path in ("/intern/a", "/a.pdf"):
        assert "robots.txt" in why(server.address + path, fetching)
    assert [path for path, _ in server.asked] == ["/robots.txt", "/", "/intern/offen"]


def test_a_redirect_into_what_robots_txt_forbids_is_not_followed(server: web.Server) -> None:
    server.pages = {"/": web.redirect("/intern"), "/intern": web.page(ARTICLE)}
    server.pages["/robots.txt"] = web.page("User-agent: *\nDisallow: /intern", "text/plain")
    assert "robots.txt" in why(f"{server.address}/")


@pytest.mark.parametrize(("code", "allowed"), [(404, True), (403, True), (500, False), (503, False)])
def test_a_robots_txt_that_cannot_be_had_gives_no_leave(server: web.Server, code: int, allowed: bool) -> None:
    server.pages = {"/": web.page(ARTICLE), "/robots.txt": web.status(code)}
    if allowed:
        assert fetcher().get(f"{server.address}/").data
    else:
        why(f"{server.address}/")


@pytest.mark.parametrize(
    ("rules", "pause"),
    [("", 1.0), ("User-agent: *\nCrawl-delay: 7", 7.0), ("User-agent: *\nCrawl-delay: 9999", 30.0)],
)
def test_a_host_gets_a_pause_between_two_requests(server: web.Server, rules: str, pause: float) -> None:
    server.pages = {"/": web.page(ARTICLE), "/robots.txt": web.page(rules, "text/plain")}
    slept: list[float] = []
    fetching = Fetcher(allow_private=True, sleep=slept.append)
    for _ in range(3):
        fetching.get(f"{server.address}/")
    assert [round(seconds) for seconds in slept] == [pause] * 2
