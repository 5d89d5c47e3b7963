"""Messages in gzip, both ways: the server under test compresses its replies to those who accept that, as grpcio does."""

import grpc
from calls import LIMIT, ask, hello, same, stub

MIB = 1024 * 1024
GZIP = {"compression": grpc.Compression.Gzip, "timeout": LIMIT}


def gzip_of_a_unary_call(channel):
    name = "x" * MIB
    same(stub(channel).Hello(ask(name), **GZIP).message == f"Hello, {name}!", True)
    same(stub(channel).Hello(ask(""), **GZIP).message, "Hello, !")


def gzip_of_a_chat(channel):
    names = ["x" * length for length in (1, 10, 100, 1_000, 10_000, 100_000)]
    replies = [reply.message for reply in stub(channel).Chat(iter(map(ask, names)), **GZIP)]
    same(replies == [f"Hello, {name}!" for name in names], True)


def gzip_of_the_replies_alone(channel):
    name = "x" * MIB
    same(hello(channel, name) == f"Hello, {name}!", True)


def deflate_is_understood_or_refused(channel):
    """Never taken for something else."""
    try:
        reply = stub(channel).Hello(ask("Ana"), timeout=LIMIT, compression=grpc.Compression.Deflate)
        same(reply.message, "Hello, Ana!")
    except grpc.RpcError as error:
        same(error.code(), grpc.StatusCode.UNIMPLEMENTED)
    same(hello(channel), "Hello, Ana!")


CHECKS = (
    gzip_of_a_unary_call,
    gzip_of_a_chat,
    gzip_of_the_replies_alone,
    deflate_is_understood_or_refused,
)
