"""What only our server that takes orders shows: metadata and errors on the way back, deadlines and cancels that reach the handler."""

import time

import grpc
from calls import LIMIT, Feed, ask, hello, refused, same, stub
from greet.v1 import greeter_pb2 as pb
from grpc_status import rpc_status

Code = grpc.StatusCode
BYTES = (b"\x00\x01\xff", b"", b"four")


def sent(name):
    return [(name, "one"), (name, "two"), *((f"{name}-bin", value) for value in BYTES)]


def came_back(metadata, name):
    same([pair for pair in metadata if pair[0] == name], sent(name)[:2])
    same([pair for pair in metadata if pair[0] == f"{name}-bin"], sent(name)[2:])


def cancelled(channel):
    return int(hello(channel, "cancelled"))


def sees_a_cancel(channel, before):
    end = time.monotonic() + LIMIT
    while cancelled(channel) <= before:
        assert time.monotonic() < end, "the handler never learned that nobody waits"
        time.sleep(0.02)


def metadata_of_a_unary_call(channel):
    metadata = sent("x-echo") + sent("x-trail")
    reply, call = stub(channel).Hello.with_call(ask("Ana"), timeout=LIMIT, metadata=metadata)
    same(reply.message, "Hello, Ana!")
    came_back(call.initial_metadata(), "x-echo")
    came_back(call.trailing_metadata(), "x-trail")


def metadata_of_a_chat(channel):
    feed = Feed("Ana")
    call = stub(channel).Chat(feed, timeout=LIMIT, metadata=sent("x-echo") + sent("x-trail"))
    came_back(call.initial_metadata(), "x-echo")
    same(next(call).message, "Hello, Ana!")
    feed.half_close()
    same(list(call), [])
    came_back(call.trailing_metadata(), "x-trail")


def metadata_of_an_error(channel):
    error = refused(Code.NOT_FOUND, lambda: hello(channel, "fail 5 gone", metadata=sent("x-trail")))
    came_back(error.trailing_metadata(), "x-trail")


def metadata_reaches_the_handler(channel):
    metadata = (("x-request-id", "7"), ("x-request-id", "8"))
    same(hello(channel, "metadata x-request-id", metadata=metadata), "7, 8")


def every_code(channel):
    for code in Code:
        if code is not Code.OK:
            error = refused(code, lambda: hello(channel, f"fail {code.value[0]} no such user"))
            same(error.details(), "no such user")
    same(hello(channel), "Hello, Ana!")


def error_beyond_ascii(channel):
    text = "100% of naïve ☺ 😈\r\n\tlines"
    same(refused(Code.NOT_FOUND, lambda: hello(channel, f"fail 5 {text}")).details(), text)


def error_details(channel):
    error = refused(Code.FAILED_PRECONDITION, lambda: hello(channel, "fail 9 not now"))
    status = rpc_status.from_call(error)
    same((status.code, status.message, len(status.details)), (9, "not now", 1))
    detail = pb.HelloReply()
    assert status.details[0].Unpack(detail), status.details[0].type_url
    same(detail.message, "not now")


def error_on_a_server_stream(channel):
    call = stub(channel).HelloOften(ask("fail 5 gone"), timeout=LIMIT)
    same(next(call).message, "Hello, first!")
    same(refused(Code.NOT_FOUND, lambda: next(call)).details(), "gone")


def error_before_half_close(channel):
    call = stub(channel).Chat(Feed("fail 9 enough"), timeout=LIMIT)
    same(refused(Code.FAILED_PRECONDITION, lambda: next(call)).details(), "enough")
    many = stub(channel).HelloMany.future(Feed("Ana", "fail 9 enough"), timeout=LIMIT)
    same(refused(Code.FAILED_PRECONDITION, many.result).details(), "enough")


def deadline_reaches_the_handler(channel):
    left = int(stub(channel).Hello(ask("deadline"), timeout=5).message)
    # The C core rounds what it sends up, by a hundredth at most.
    assert 1000 <= left <= 5050, f"{left} ms left of 5000"
    same(stub(channel).Hello(ask("deadline")).message, "none")


def deadline_drops_the_handler(channel):
    before = cancelled(channel)
    refused(Code.DEADLINE_EXCEEDED, lambda: stub(channel).Hello(ask("wait"), timeout=0.3))
    sees_a_cancel(channel, before)


def cancel_drops_the_handler(channel):
    before = cancelled(channel)
    call = stub(channel).Hello.future(ask("wait"))
    time.sleep(0.2)
    call.cancel()
    sees_a_cancel(channel, before)


def cancel_of_a_stream_drops_the_handler(channel):
    before = cancelled(channel)
    call = stub(channel).HelloOften(ask("wait"))
    same(next(call).message, "Hello, first!")
    call.cancel()
    sees_a_cancel(channel, before)


CHECKS = (
    metadata_of_a_unary_call,
    metadata_of_a_chat,
    metadata_of_an_error,
    metadata_reaches_the_handler,
    every_code,
    error_beyond_ascii,
    error_details,
    error_on_a_server_stream,
    error_before_half_close,
    deadline_reaches_the_handler,
    deadline_drops_the_handler,
    cancel_drops_the_handler,
    cancel_of_a_stream_drops_the_handler,
)
