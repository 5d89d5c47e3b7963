"""A Greeter on grpcio's server that does what a name asks for (`tests/foreign/README.md`); it prints its port.

`greeter.py gzip` compresses its replies.
"""

import asyncio
import signal
import sys

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2
from greet.v1 import greeter_pb2 as pb
from greet.v1 import greeter_pb2_grpc as pb_grpc
from grpc_status import rpc_status

CODES = {code.value[0]: code for code in grpc.StatusCode}


class Greeter(pb_grpc.GreeterServicer):
    def __init__(self):
        self._given_up = 0
        self._orders = {
            "fail": self._fail,
            "sleep": self._sleep,
            "wait": self._wait,
            "cancelled": self._cancelled,
            "deadline": self._deadline,
            "metadata": self._metadata,
            "size": self._size,
        }

    async def Hello(self, request, context):
        await echo(context)
        return await self._answer(request.name, context)

    async def HelloMany(self, requests, context):
        await echo(context)
        names = []
        async for request in requests:
            if request.name == "done":
                break
            if self._is_order(request.name):
                return await self._answer(request.name, context)
            names.append(request.name)
        return greet(" and ".join(names))

    async def HelloOften(self, request, context):
        await echo(context)
        if self._is_order(request.name):
            yield greet("first")
            yield await self._answer(request.name, context)
            return
        for _ in range(3):
            yield greet(request.name)

    async def Chat(self, requests, context):
        await echo(context)
        async for request in requests:
            yield await self._answer(request.name, context)

    def _is_order(self, name):
        return name.partition(" ")[0] in self._orders

    async def _answer(self, name, context):
        if not self._is_order(name):
            return greet(name)
        word, _, rest = name.partition(" ")
        return pb.HelloReply(message=await self._orders[word](rest, context))

    async def _fail(self, rest, context):
        code, _, text = rest.partition(" ")
        detail = any_pb2.Any()
        detail.Pack(pb.HelloReply(message=text))
        status = rpc_status.to_status(status_pb2.Status(code=int(code), message=text, details=[detail]))
        trailers = (*sent(context, "x-trail"), *status.trailing_metadata)
        await context.abort(CODES[int(code)], text, trailers)

    async def _sleep(self, rest, _context):
        await asyncio.sleep(int(rest) / 1000)
        return f"Hello, sleep {rest}!"

    async def _wait(self, _rest, _context):
        try:
            await asyncio.Event().wait()
        finally:
            self._given_up += 1

    async def _cancelled(self, _rest, _context):
        return str(self._given_up)

    async def _deadline(self, _rest, context):
        left = context.time_remaining()
        return "none" if left is None else str(int(left * 1000))

    async def _metadata(self, key, context):
        return ", ".join(value for name, value in context.invocation_metadata() if name == key)

    async def _size(self, rest, _context):
        return "x" * int(rest)


def greet(name):
    return pb.HelloReply(message=f"Hello, {name}!")


def sent(context, name):
    """What the caller sent under `name` and `name`-bin."""
    return tuple(pair for pair in context.invocation_metadata() if pair[0] in (name, f"{name}-bin"))


async def echo(context):
    context.set_trailing_metadata(sent(context, "x-trail"))
    if back := sent(context, "x-echo"):
        await context.send_initial_metadata(back)


async def main():
    # What comes in keeps the default limit of 4 MiB; what goes out has none.
    compression = grpc.Compression.Gzip if "gzip" in sys.argv else None
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)], compression=compression)
    pb_grpc.add_GreeterServicer_to_server(Greeter(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"Listening on 127.0.0.1:{port}", flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    await server.stop(grace=1)


if __name__ == "__main__":
    asyncio.run(main())
