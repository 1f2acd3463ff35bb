"""Other libraries' systems on the command line: what is served, sent, shown and read."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from command_line import EXAMPLES, Cli
from partner_library import Serving

from servflow.adapters.partner_iso18626 import Dialect, Edition, read, read_confirmation, write
from servflow.core.changes import Key, Message

AT = "2026-01-19T10:00:00+08:00"
KEY = "a-key-of-sixteen-signs"
MAIN = "from servflow.cli import main; main()"
FOUND = EXAMPLES / "requests" / "01-same-city.xml"
BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "lxml":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def hosts(folder: Path, system: dict[str, str] | None, *, key: str | None = KEY) -> Path:
    """The host's facts of the examples, where CN-320500, which borrows and supplies, has this system."""
    text = (EXAMPLES / "host.toml").read_text(encoding="utf-8")
    if system is not None:
        said = {"protocol": "iso18626", "edition": "2021-2", "dialect": "servflow", **system}
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())
        text += f'\n[institutions."CN-320500".system]\n{lines}'
        if key is not None:
            text += 'key-file = "partner.key"\n'
            (folder / "partner.key").write_text(f"{key}\n", encoding="utf-8")
    path = folder / "facts.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def peer(*answers: tuple[int, bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A system that gives these answers one after the other, the last one again and again; OK if none is left."""
    seen: list[dict[str, Any]] = []
    waiting = list(answers)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        data = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        seen.append({"data": data, "key": environ.get("HTTP_AUTHORIZATION")})
        status, body = waiting.pop(0) if waiting else (200, _confirmed(data))
        start_response(f"{status} Said", [("Content-Type", "application/xml")])
        return [body]

    with Serving(app) as serving:
        yield serving.url, seen


def _confirmed(data: bytes, status: str = "OK") -> bytes:
    incoming = read(data, received_at=datetime.fromisoformat("2027-01-01T00:00:00+00:00"))
    return (
        f"<ISO18626Message><{incoming.kind}Confirmation><confirmationHeader>"
        f"<requestingAgencyRequestId>{incoming.request_id}</requestingAgencyRequestId>"
        f"<messageStatus>{status}</messageStatus></confirmationHeader></{incoming.kind}Confirmation>"
        "</ISO18626Message>"
    ).encode()


def drafted(cli: Cli, facts: Path) -> None:
    """A reader's request that is to go to CN-320500, of which nobody has been told."""
    said = ("patron=p-17", "library=CN-NLC", "service=Loan", "suppliers=CN-320500")
    asked = ("ill", "do", "B-1", "DraftRequest", 'requested={"title": "运河船谱"}', *said)
    assert cli(*asked, "--recorded-at", AT, "--host", facts).code == 0


def ordered(cli: Cli, facts: Path) -> None:
    """The request waits to be sent."""
    drafted(cli, facts)
    for command in ("Submit", "ApproveRequest"):
        assert cli("ill", "do", "B-1", command, "--recorded-at", AT, "--host", facts).code == 0


# --- send -----------------------------------------------------------------------------------------


def test_send(cli: Cli, tmp_path: Path) -> None:
    """What is for a system goes there with its key, the rest into the maildir; then nothing is left."""
    with peer() as (url, seen):
        facts = hosts(tmp_path, {"url": url})
        ordered(cli, facts)
        said = cli("partner", "send", "--host", facts)

    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1].endswith(" sent, 0 failed, 0 put off")
    (request,) = seen
    assert request["key"] == f"Bearer {KEY}"
    incoming = read(request["data"], received_at=datetime.fromisoformat(AT))
    assert (incoming.sender, incoming.recipient, incoming.request_id) == ("CN-NLC", "CN-320500", "B-1~1")
    assert incoming.sent_at == datetime.fromisoformat(AT)
    letters = list((tmp_path / "mail" / "new").iterdir())
    assert letters
    assert all("CN-320500" not in letter.read_text(encoding="utf-8") for letter in letters)
    again = cli("partner", "send", "--json", "--host", facts)
    assert (again.code, again.document) == (0, {"sent": 0, "failed": [], "postponed": []})


def test_mail_goes_there_too(cli: Cli, tmp_path: Path) -> None:
    """``servflow mail`` sends to systems as well, so that no library is written to in two ways."""
    with peer() as (url, seen):
        facts = hosts(tmp_path, {"url": url}, key=None)
        ordered(cli, facts)
        assert cli("mail", "--host", facts).code == 0

    assert [request["key"] for request in seen] == [None]


def test_what_was_put_off(cli: Cli, tmp_path: Path) -> None:
    """A system that does not take anything now: what was put off is named with its reason, and is no error."""
    with peer((503, b"")) as (url, _):
        facts = hosts(tmp_path, {"url": url})
        ordered(cli, facts)
        said = cli("partner", "send", "--host", facts)

    assert said.code == 0
    assert "put off" in said.out
    assert "503" in said.out
    assert KEY not in said.out
    said = cli("partner", "send", "--json", "--host", facts)  # nobody is there any more
    (row,) = said.document["postponed"]
    assert (said.code, row["to"], row["kind"]) == (0, "CN-320500", "ill.borrowing.request")
    assert "refused" in row["why"]


def test_what_failed_for_good(cli: Cli, tmp_path: Path) -> None:
    """What a system says is wrong is named with its reason, and the exit code says that somebody has to look."""
    with peer((400, b"")) as (url, _):
        facts = hosts(tmp_path, {"url": url})
        ordered(cli, facts)
        said = cli("partner", "send", "--host", facts)

    assert said.code == 1
    assert "failed" in said.out
    assert "400" in said.out
    assert cli("partner", "send", "--host", facts).code == 0
    (failed,) = (each for each in cli("mail", "--list", "--json").document if each["status"] == "failed")
    assert "400" in failed["note"]


def test_what_failed_for_good_is_among_what_is_to_be_looked_at(cli: Cli, tmp_path: Path) -> None:
    """``servflow ill attention`` names what could not be told, to whom and why; until then nothing."""
    with peer((400, b"")) as (url, _):
        facts = hosts(tmp_path, {"url": url})
        ordered(cli, facts)
        before = cli("ill", "attention", "--json", "--host", facts).document
        assert "could not be told" not in cli("ill", "attention", "--host", facts).out
        assert cli("partner", "send", "--host", facts).code == 1
    *others, untold = cli("ill", "attention", "--json", "--host", facts).document
    lines = cli("ill", "attention", "--host", facts).out.splitlines()

    assert others == before
    assert (untold["kind"], untold["id"], untold["title"]) == ("ill.borrowing", "B-1", "运河船谱")
    assert (untold["state"], untold["waits"], untold["reasons"], untold["texts"]) == (None, [], [], [])
    said = untold["untold"]
    assert (said["to"], said["kind"]) == ("CN-320500", "ill.borrowing.request")
    assert "400" in said["why"]
    assert said["key"].startswith("ill.borrowing/B-1/")
    (line,) = (line for line in lines if "ill.borrowing.request" in line)
    assert line.startswith("CN-320500")
    assert "B-1" in line
    assert "400" in line


def test_one_way_for_letters(cli: Cli) -> None:
    """Letters go one way or the other."""
    said = cli("partner", "send", "--maildir", "mail", "--smtp", "localhost")

    assert said.code == 2
    assert "not both" in said.err


# --- show -----------------------------------------------------------------------------------------


def test_show(cli: Cli, tmp_path: Path) -> None:
    """What a library is told is shown as it leaves, by its key or with all about the case."""
    facts = hosts(tmp_path, {"url": "http://127.0.0.1:1/"})
    ordered(cli, facts)
    by_case = cli("partner", "show", "B-1", "--host", facts)
    (row,) = cli("partner", "show", "B-1", "--host", facts, "--json").document

    assert by_case.code == 0
    assert 'version="2021-2"' in by_case.out
    assert "运河船谱" in by_case.out
    assert KEY not in by_case.out
    assert by_case.out.strip() == row["xml"].strip()
    assert {name: row[name] for name in ("to", "kind", "status", "why")} == {
        "to": "CN-320500",
        "kind": "ill.borrowing.request",
        "status": "pending",
        "why": "",
    }
    assert cli("partner", "show", row["key"], "--host", facts) == by_case
    older = cli("partner", "show", row["key"], "--edition", "1.2", "--dialect", "reshare", "--host", facts)
    assert 'version="1.2"' in older.out
    assert "#servflow" not in older.out


def test_show_tells_the_account_and_not_the_code(cli: Cli, tmp_path: Path) -> None:
    """What a system has given us to be shown is told as far as it is no secret."""
    (tmp_path / "partner.code").write_text("a secret word", encoding="utf-8")
    facts = hosts(tmp_path, {"url": "http://127.0.0.1:1/", "account": "cq", "code-file": "partner.code"})
    ordered(cli, facts)
    shown = cli("partner", "show", "B-1", "--host", facts).out

    assert ">cq</" in shown
    assert "secret" not in shown


def test_show_what_goes_as_a_letter(cli: Cli, tmp_path: Path) -> None:
    """A library without a system is shown what it would be told in the older edition; so is one that is gone."""
    facts = hosts(tmp_path, None)
    ordered(cli, facts)
    shown = cli("partner", "show", "B-1", "--host", facts)
    gone = tmp_path / "gone.toml"
    text = facts.read_text(encoding="utf-8").replace("CN-320500", "CN-320599")
    gone.write_text(text, encoding="utf-8")

    assert 'version="1.2"' in shown.out
    assert cli("partner", "show", "B-1", "--host", gone) == shown


@pytest.mark.parametrize("what", ["B-9", "ill.borrowing/B-9/1"])
def test_show_nothing(cli: Cli, tmp_path: Path, what: str) -> None:
    """What is not there is named."""
    facts = hosts(tmp_path, None)
    ordered(cli, facts)
    said = cli("partner", "show", what, "--host", facts)

    assert said.code == 2
    assert what in said.err


def test_show_where_nobody_was_told_anything(cli: Cli, tmp_path: Path) -> None:
    """A case of which no library has been told has nothing to show."""
    facts = hosts(tmp_path, None)
    drafted(cli, facts)
    said = cli("partner", "show", "B-1", "--host", facts)

    assert said.code == 2
    assert "message for another library" in said.err


# --- read -----------------------------------------------------------------------------------------


def test_read(cli: Cli) -> None:
    """A message is told in words and as the command that it is; nothing is taken in."""
    said = cli("partner", "read", FOUND, "--at", "2026-01-30T16:00:00+08:00")
    document = cli("partner", "read", FOUND, "--at", "2026-01-30T16:00:00+08:00", "--json").document

    assert said.code == 0
    assert "heard as ReceiveRequest" in said.out
    assert "古城水系考" in said.out
    assert (document["element"], document["sender"], document["recipient"]) == (
        "request",
        "CN-110108",
        "CN-NLC",
    )
    assert document["command"]["command"] == "ReceiveRequest"
    assert document["command"]["recorded_at"] == "2026-01-30T08:00:00Z"
    assert document["message"]["kind"] == "ill.borrowing.request"
    assert document["asks"] is None
    assert not Path("servflow.db").exists()


def test_read_what_does_not_name_its_sender(cli: Cli, tmp_path: Path) -> None:
    """Who sent a message that names nobody, and for whom it is, may be said beside it."""
    text = FOUND.read_text(encoding="utf-8")
    for name in ("requestingAgencyId", "supplyingAgencyId"):
        before, _, rest = text.partition(f"<{name}>")
        text = before + rest.partition(f"</{name}>")[2]
    (tmp_path / "nameless.xml").write_text(text, encoding="utf-8")
    document = cli("partner", "read", "nameless.xml", "--sender", "CN-110108", "--json").document

    assert cli("partner", "read", "nameless.xml").code == 1
    assert (document["sender"], document["recipient"]) == ("CN-110108", "CN-NLC")


def test_read_what_has_to_be_looked_up(cli: Cli, tmp_path: Path) -> None:
    """What the message does not say and the desk will look up is named."""
    message = Message(
        key="m",
        to="CN-NLC",
        kind="ill.borrowing.offer-accepted",
        about=Key("ill.borrowing", "B1"),
        facts=(("request", "B1~1"), ("revision", 1)),
    )
    data = write(
        message,
        sender="CN-320500",
        edition=Edition.V1_2,
        dialect=Dialect.RESHARE,
        sent_at=datetime.fromisoformat(AT),
    )
    (tmp_path / "agreed.xml").write_bytes(data)
    said = cli("partner", "read", "agreed.xml", "--at", AT)

    assert said.code == 0
    assert "heard as AgreeToOffer" in said.out
    assert "looked up when it is taken in: revision" in said.out


def test_read_what_cannot_be_read(cli: Cli, tmp_path: Path) -> None:
    """Everything that is wrong with a message is told, each with its place; so is a file that is not there."""
    wrong = FOUND.read_text(encoding="utf-8").replace(">Loan<", ">Film<").replace("2026-0117<", "<")
    (tmp_path / "wrong.xml").write_text(wrong, encoding="utf-8")
    said = cli("partner", "read", "wrong.xml")
    document = cli("partner", "read", "wrong.xml", "--json").document

    assert said.code == 1
    assert "serviceType" in said.err
    assert "requestingAgencyRequestId" in said.err
    assert (document["error"], len(document["texts"])) == ("invalid-message", 2)
    missing = cli("partner", "read", "nowhere.xml")
    assert (missing.code, "No such file" in missing.err) == (1, True)


def test_what_is_not_installed() -> None:
    """Without lxml each command says which extra to install; serving says so before anybody comes."""
    facts = str(EXAMPLES / "host.toml")
    for arguments in (("read", str(FOUND)), ("serve", "--host", facts, "--port", "0")):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED + MAIN, "partner", *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert (done.returncode, "servflow[iso18626]" in done.stderr) == (2, True)


# --- serve ----------------------------------------------------------------------------------------


HEARS_INTERRUPTS = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A process started in a shell's background ignores interrupts, and so do the tests that it runs."""


class Served:
    """``servflow partner serve`` as a process, at a free port."""

    def __init__(self, folder: Path, facts: Path, *more: str) -> None:
        arguments = ["partner", "serve", "--port", "0", "--host", str(facts), *more]
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEARS_INTERRUPTS + MAIN, *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._watchdog = threading.Timer(60, self.process.kill)
        self._watchdog.start()
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        self.said: str = first if first != "{\n" else first + "".join(self._until("}\n"))
        self.port = int(self.said.partition("127.0.0.1:")[2].partition("/")[0])

    def _until(self, last: str) -> Iterator[str]:
        assert self.process.stdout is not None
        while True:
            line = self.process.stdout.readline()
            yield line
            if line in (last, ""):
                return

    def post(self, data: bytes, **headers: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/", data, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content

    def end(self, signal_: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and its complaints."""
        self.process.send_signal(signal_)
        _, err = self.process.communicate(timeout=60)
        self._watchdog.cancel()
        return self.process.returncode, err


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_serve(cli: Cli, tmp_path: Path, told: signal.Signals) -> None:
    """It says where it listens, takes in what is posted, and ends well when it is told to."""
    served = Served(tmp_path, hosts(tmp_path, None))
    try:
        status, content = served.post(FOUND.read_bytes())
        assert (status, read_confirmation(content).ok) == (200, True)
        assert read_confirmation(served.post(FOUND.read_bytes())[1]).ok
        socket.create_connection(("127.0.0.1", served.port), timeout=5).close()
        document = cli("ill", "show", "CN-110108/2026-0117", "--json").document
        assert [entry["command"]["command"] for entry in document["journal"]].count("ReceiveRequest") == 1
    finally:
        code, err = served.end(told)

    assert code == 0
    assert "Traceback" not in err
    assert '"POST / HTTP/1.1" 200' in err
    assert read_confirmation(content).request_id == "2026-0117"


def test_serve_with_keys(tmp_path: Path) -> None:
    """Where a system has a key, every sender needs one, and it stands in nothing that is written."""
    facts = hosts(tmp_path, {"url": "http://127.0.0.1:1/"})
    served = Served(tmp_path, facts, "--json")
    try:
        document = json.loads(served.said)
        strangers = [served.post(FOUND.read_bytes()), served.post(b"", Authorization="Bearer nobody's")]
        known = served.post(FOUND.read_bytes(), Authorization=f"Bearer {KEY}")
    finally:
        code, err = served.end()

    assert document == {"address": f"http://127.0.0.1:{served.port}/", "library": "CN-NLC", "keys": 1}
    assert [status for status, _ in strangers] == [401, 401]
    assert known[0] == 200
    assert not read_confirmation(known[1]).ok  # it is the key of another library
    assert code == 0
    assert KEY not in err


def test_a_place_that_is_taken(cli: Cli, tmp_path: Path) -> None:
    """A port that somebody listens at, and a name that is none, are wrong usage."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = cli("partner", "serve", "--port", str(port))

    assert said.code == 2
    assert f"127.0.0.1:{port}" in said.err
    assert cli("partner", "serve", "--host-name", "no such name", "--port", "0").code == 2
