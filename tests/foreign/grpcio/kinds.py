"""The four kinds as grpcio calls them: when messages flow, and what half-close means."""

import time

import grpc
from calls import LIMIT, Feed, ask, hello, raw, same, stub


def unary(channel):
    same(hello(channel), "Hello, Ana!")


def client_stream(channel):
    reply = stub(channel).HelloMany(iter([ask("Ana"), ask("Bob")]), timeout=LIMIT)
    same(reply.message, "Hello, Ana and Bob!")


def client_stream_answers_at_half_close(channel):
    feed = Feed("Ana", "Bob")
    call = stub(channel).HelloMany.future(feed, timeout=LIMIT)
    time.sleep(0.3)
    assert not call.done(), "answered before the client had closed its side"
    feed.send("Eve")
    feed.half_close()
    same(call.result().message, "Hello, Ana and Bob and Eve!")


def server_stream(channel):
    replies = [reply.message for reply in stub(channel).HelloOften(ask("Ana"), timeout=LIMIT)]
    same(replies, ["Hello, Ana!"] * 3)


def server_stream_without_half_close(channel):
    """go-micro's client sends the one request and never closes its side."""
    feed = Feed("Ana")
    call = raw(channel, "stream_stream", "/greet.v1.Greeter/HelloOften")(feed, timeout=LIMIT)
    same([reply.message for reply in call], ["Hello, Ana!"] * 3)
    same(call.code(), grpc.StatusCode.OK)
    feed.half_close()


def chat_in_lockstep(channel):
    feed = Feed()
    call = stub(channel).Chat(feed, timeout=LIMIT)
    for name in ("Ana", "Bob", "Eve"):
        feed.send(name)
        same(next(call).message, f"Hello, {name}!")
    feed.half_close()
    same(list(call), [])
    same(call.code(), grpc.StatusCode.OK)


def chat_in_one_burst(channel):
    names = [f"n{i}" for i in range(1000)]
    replies = stub(channel).Chat(iter(map(ask, names)), timeout=LIMIT)
    same([reply.message for reply in replies], [f"Hello, {name}!" for name in names])


def chat_without_a_word(channel):
    call = stub(channel).Chat(iter([]), timeout=LIMIT)
    same(list(call), [])
    same(call.code(), grpc.StatusCode.OK)


def metadata_both_ways(channel):
    """Ours goes there with text and bytes; what comes back must at least be readable."""
    sent = (("x-request-id", "7"), ("x-request-id", "8"), ("trace-bin", b"\x00\x01\xff"))
    reply, call = stub(channel).Hello.with_call(ask("Ana"), timeout=LIMIT, metadata=sent)
    same(reply.message, "Hello, Ana!")
    same(call.code(), grpc.StatusCode.OK)
    for key, value in (*call.initial_metadata(), *call.trailing_metadata()):
        assert key == key.lower() and value is not None, f"odd metadata {key!r}: {value!r}"


def path_forms(channel):
    for service in ("greet.v1.Greeter", "Greeter", "greeter.Greeter", "go.micro.srv.greeter.Greeter"):
        reply = raw(channel, "unary_unary", f"/{service}/Hello")(ask("Ana"), timeout=LIMIT)
        same(reply.message, "Hello, Ana!")
        many = raw(channel, "stream_unary", f"/{service}/HelloMany")
        same(many(iter([ask("Ana")]), timeout=LIMIT).message, "Hello, Ana!")


CHECKS = (
    unary,
    client_stream,
    client_stream_answers_at_half_close,
    server_stream,
    server_stream_without_half_close,
    chat_in_lockstep,
    chat_in_one_burst,
    chat_without_a_word,
    metadata_both_ways,
    path_forms,
)
