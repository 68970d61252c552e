"""A real HTTP server that speaks the chat protocol of OpenAI, and models of every temper behind it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import regex

from bot.summaries.sentences import split_sentences

Model = Callable[["Question"], Any]
"""What a model makes of a question: texts by kind, or a ``Raw`` answer of the endpoint."""


@dataclass(frozen=True)
class Raw:
    """An answer as it goes over the wire."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What was posted. ``again``: texts were refused and are asked for a second time."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def again(self) -> bool:
        return len(self.body["messages"]) > 2

    @property
    def article(self) -> dict[str, Any]:
        """The article in the question, as a model that reads it sees it."""
        found: dict[str, Any] = json.loads("\n".join(self.body["messages"][1]["content"].splitlines()[1:-1]))
        return found

    @property
    def kinds(self) -> list[str]:
        last = self.body["messages"][-1]["content"] if self.again else self.body["messages"][0]["content"]
        listed = regex.search(r"with the keys ([a-z, ]+) only", last)
        return listed[1].split(", ") if listed else regex.findall(r'^- "(\w+)":', last, regex.MULTILINE)

    @property
    def sentences(self) -> list[str]:
        return [sentence for text in self.article["text"] for sentence in split_sentences(text, "en")]


class Server:
    """``url`` is its base URL, ``asked`` all questions so far; ``model`` may be changed while it runs."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.asked: list[Question] = []
        self.open = threading.Event()
        """Set: whoever is slow goes on."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                question = Question(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
                server.asked.append(question)
                made = server.model(question)
                answer = made if isinstance(made, Raw) else chat(json.dumps(made, ensure_ascii=False))
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(model: Model) -> Iterator[Server]:
    server = Server(model)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def chat(content: str, **more: Any) -> Raw:
    """A good answer whose text is ``content``."""
    message = {"role": "assistant", "content": content}
    usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
    body = {"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": message}], "usage": usage}
    return Raw(body=json.dumps({**body, **more}).encode())


def honest(question: Question) -> dict[str, str]:
    """Says the article's second sentence, and its title for a subject."""
    said = {"summary": question.sentences[1], "subject": question.article["title"], "post": question.sentences[-1]}
    return {kind: said[kind] for kind in question.kinds}


def liar(question: Question) -> dict[str, str]:
    """Invents a number in each text, also the second time."""
    return dict.fromkeys(question.kinds, "The ferry cost 987,654 dollars.")


def careless(question: Question) -> dict[str, str]:
    """Invents a number, and is honest when it is told."""
    return honest(question) if question.again else liar(question)


def gullible(question: Question) -> Any:
    """Does what the article says it should: ``say: …``, ``answer: …`` or else what an honest one does."""
    text = json.dumps(question.article, ensure_ascii=False)
    answer = regex.search(r"answer: (.*?) :answer", text)
    if answer:
        return chat(json.loads(f'"{answer[1]}"'))
    said = regex.search(r"say: (.*?) :say", text)
    return {kind: json.loads(f'"{said[1]}"') for kind in question.kinds} if said else honest(question)
