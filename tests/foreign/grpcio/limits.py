"""Load, sizes, refusals, deadlines and cancels: each leaves a server that still answers."""

import concurrent.futures
import threading
import time

import grpc
from calls import LIMIT, Feed, ask, hello, raw, refused, same, stub

MIB = 1024 * 1024
Code = grpc.StatusCode


def unary_200_at_once(channel):
    calls = [stub(channel).Hello.future(ask(f"n{i}"), timeout=LIMIT) for i in range(200)]
    for i, call in enumerate(calls):
        same(call.result().message, f"Hello, n{i}!")


def chats_100_at_once(channel):
    """More streams at once than most clients open, each in lockstep."""
    started = threading.Barrier(100, timeout=LIMIT)

    def chat(number):
        feed = Feed("first")
        call = stub(channel).Chat(feed, timeout=LIMIT)
        same(next(call).message, "Hello, first!")
        started.wait()  # all hundred are open now
        feed.send(f"n{number}")
        same(next(call).message, f"Hello, n{number}!")
        feed.half_close()
        same(list(call), [])

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        list(pool.map(chat, range(100)))


def message_of_1_mib(channel):
    name = "x" * MIB
    same(hello(channel, name) == f"Hello, {name}!", True)
    replies = [reply.message for reply in stub(channel).HelloOften(ask(name), timeout=LIMIT)]
    same(replies == [f"Hello, {name}!"] * 3, True)


def message_just_below_4_mib(channel):
    name = "x" * (4 * MIB - 64)
    same(hello(channel, name) == f"Hello, {name}!", True)


def message_above_4_mib(channel):
    refused(Code.RESOURCE_EXHAUSTED, lambda: hello(channel, "x" * (4 * MIB + 1)))
    call = stub(channel).Chat(iter([ask("x" * (4 * MIB + 1))]), timeout=LIMIT)
    refused(Code.RESOURCE_EXHAUSTED, lambda: list(call))
    same(hello(channel), "Hello, Ana!")


def unknown_method(channel):
    for kind, request in (("unary_unary", ask("Ana")), ("stream_unary", iter([ask("Ana")]))):
        call = raw(channel, kind, "/greet.v1.Greeter/Missing")
        refused(Code.UNIMPLEMENTED, lambda: call(request, timeout=LIMIT))
    chat = raw(channel, "stream_stream", "/greet.v1.Greeter/Missing")
    refused(Code.UNIMPLEMENTED, lambda: list(chat(Feed("Ana"), timeout=LIMIT)))
    same(hello(channel), "Hello, Ana!")


def unknown_service(channel):
    call = raw(channel, "unary_unary", "/greet.v1.Absent/Hello")
    refused(Code.UNIMPLEMENTED, lambda: call(ask("Ana"), timeout=LIMIT))


def bytes_that_are_no_message(channel):
    call = channel.unary_unary("/greet.v1.Greeter/Hello")
    refused((Code.INTERNAL, Code.INVALID_ARGUMENT, Code.UNKNOWN), lambda: call(b"\x0a\xff", timeout=LIMIT))
    same(hello(channel), "Hello, Ana!")


def deadline_passes(channel):
    begun = time.monotonic()
    call = stub(channel).Chat(Feed("Ana"), timeout=0.5)
    same(next(call).message, "Hello, Ana!")
    refused(Code.DEADLINE_EXCEEDED, lambda: next(call))
    took = time.monotonic() - begun
    assert 0.4 < took < 3, f"a deadline of 0.5 s took {took:.2f} s"
    refused(Code.DEADLINE_EXCEEDED, lambda: stub(channel).HelloMany(Feed("Ana"), timeout=0.3))
    same(hello(channel), "Hello, Ana!")


def cancel_in_mid_stream(channel):
    for _ in range(50):
        call = stub(channel).Chat(Feed("Ana"), timeout=LIMIT)
        same(next(call).message, "Hello, Ana!")
        call.cancel()
        refused(Code.CANCELLED, lambda: next(call))
    same(hello(channel), "Hello, Ana!")


def cancel_before_any_answer(channel):
    """A burst of calls given up at once must not cost the connection."""
    for _ in range(200):
        stub(channel).HelloMany.future(Feed("Ana"), timeout=LIMIT).cancel()
    same(hello(channel), "Hello, Ana!")


def slow_reader(channel):
    """64 MiB towards a client that does not read yet: the server waits for it and loses nothing."""
    name = "x" * MIB
    call = stub(channel).Chat(iter([ask(name)] * 64), timeout=30)
    time.sleep(1)
    same(hello(channel), "Hello, Ana!")
    same(sum(reply.message == f"Hello, {name}!" for reply in call), 64)


CHECKS = (
    unary_200_at_once,
    chats_100_at_once,
    message_of_1_mib,
    message_just_below_4_mib,
    message_above_4_mib,
    unknown_method,
    unknown_service,
    bytes_that_are_no_message,
    deadline_passes,
    cancel_in_mid_stream,
    cancel_before_any_answer,
    slow_reader,
)
