"""What the checks share: stubs, a hand-fed request stream, and the few assertions."""

import queue

import grpc
from greet.v1 import greeter_pb2 as pb
from greet.v1 import greeter_pb2_grpc as pb_grpc

LIMIT = 10  # seconds for a call that should simply work


def stub(channel):
    return pb_grpc.GreeterStub(channel)


def ask(name):
    return pb.HelloRequest(name=name)


def hello(channel, name="Ana", **options):
    """One unary call; the answer's text."""
    return stub(channel).Hello(ask(name), timeout=LIMIT, **options).message


def raw(channel, kind, path):
    """A method by path, as callers without this proto file reach it. `kind` as in `stream_unary`."""
    return getattr(channel, kind)(
        path,
        request_serializer=pb.HelloRequest.SerializeToString,
        response_deserializer=pb.HelloReply.FromString,
    )


class Feed:
    """A request stream fed by hand, so that a check decides when each message and the half-close leave."""

    def __init__(self, *names):
        self._names = queue.Queue()
        self.send(*names)

    def send(self, *names):
        for name in names:
            self._names.put(name)

    def half_close(self):
        self._names.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        name = self._names.get()
        if name is None:
            raise StopIteration
        return ask(name)


def same(got, want):
    assert got == want, f"got {got!r}, wanted {want!r}"


def refused(codes, action):
    """`action` must end with one of these codes; the error, for a closer look."""
    wanted = codes if isinstance(codes, tuple) else (codes,)
    try:
        got = action()
    except grpc.RpcError as error:
        assert error.code() in wanted, f"{error.code()} ({error.details()}), wanted {wanted}"
        return error
    raise AssertionError(f"no error but {str(got)[:200]}, wanted {wanted}")
