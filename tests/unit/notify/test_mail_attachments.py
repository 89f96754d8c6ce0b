"""Attachments by reference: below the folder, from declared hosts, never more than fits."""

import pytest

from services.notify.consumers.mail_attachments import Attachments, File, NotAttachable
from services.notify.consumers.message import Attachment, TryLater
from tests.unit.notify.web import a_web_server


def one(href, size=0, name="plan.pdf"):
    return Attachment(name, "application/pdf", size, href)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "files"
    (root / "2026").mkdir(parents=True)
    (root / "2026" / "plan.pdf").write_bytes(b"%PDF-1")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "link.pdf").symlink_to(tmp_path / "secret.txt")
    (root / "own.pdf").symlink_to(root / "2026" / "plan.pdf")
    return root


def test_a_file_below_the_folder_goes_with_the_mail(folder):
    files = Attachments(folder).load([one("2026/plan.pdf"), one("own.pdf", name="b.pdf")])
    assert files == [File("plan.pdf", "application/pdf", b"%PDF-1"), File("b.pdf", "application/pdf", b"%PDF-1")]


@pytest.mark.parametrize(
    "href", ["../secret.txt", "2026/../../secret.txt", "/etc/hostname", "link.pdf", "2026", ".", "nothing.pdf", "a\0b"]
)
def test_nothing_outside_the_folder_does(folder, href):
    with pytest.raises(NotAttachable):
        Attachments(folder).load([one(href)])


def test_without_a_folder_there_are_no_files():
    with pytest.raises(NotAttachable, match="no folder"):
        Attachments().load([one("plan.pdf")])


def test_all_files_of_a_mail_together_have_a_limit(folder):
    wanted = [one("2026/plan.pdf"), one("own.pdf", name="b.pdf")]
    assert len(Attachments(folder, most=12).load(wanted)) == 2
    with pytest.raises(NotAttachable, match=r"too large: b\.pdf"):
        Attachments(folder, most=11).load(wanted)


def test_a_file_that_says_that_it_is_too_large_is_not_even_read(folder):
    with pytest.raises(NotAttachable, match="too large"):
        Attachments(folder, most=11).load([one("nothing.pdf", size=12)])


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    with a_web_server(tmp_path_factory.mktemp("web")) as server:
        yield server


def fetching(web, **given):
    return Attachments(hosts=frozenset({"localhost"}), verify=web.ca_file, **given)


def test_a_file_is_fetched_from_a_declared_host(web):
    assert fetching(web).load([one(f"{web.address}/plan.pdf")])[0].data == b"%PDF-web"


def test_a_host_that_is_not_declared_is_not_asked(web):
    for href in (f"{web.address}/plan.pdf", "https://localhost:x@127.0.0.1/", "https://desk@localhost/plan.pdf"):
        with pytest.raises(NotAttachable, match="not declared"):
            Attachments(hosts=frozenset({"files.example.com"})).load([one(href)])
    assert web.asked == ["/plan.pdf"]


def test_a_file_that_turns_out_too_large_is_refused(web):
    with pytest.raises(NotAttachable, match="too large"):
        fetching(web, most=7).load([one(f"{web.address}/plan.pdf")])


@pytest.mark.parametrize(("path", "error"), [("404", NotAttachable), ("403", NotAttachable), ("302", NotAttachable)])
def test_a_file_that_is_not_there_is_refused(web, path, error):
    with pytest.raises(error, match=path):
        fetching(web).load([one(f"{web.address}/{path}")])


@pytest.mark.parametrize("path", ["503", "429", "500"])
def test_a_file_whose_host_is_troubled_is_asked_for_later(web, path):
    with pytest.raises(TryLater):
        fetching(web).load([one(f"{web.address}/{path}")])


def test_a_host_with_a_certificate_that_nobody_knows_is_away(web):
    with pytest.raises(TryLater, match="SSLError"):
        Attachments(hosts=frozenset({"localhost"})).load([one(f"{web.address}/plan.pdf")])
