"""SIGTERM while clients are connected: open streams are drained, new work is turned away. A server for each."""

import threading
import time

import grpc
from calls import LIMIT, Feed, ask, hello, refused, same, stub

DRAIN = 10  # seconds that the server waits for open calls, by default
Code = grpc.StatusCode


def open_chat_is_drained(server):
    with server.channel() as channel:
        feed = Feed("Ana")
        call = stub(channel).Chat(feed, timeout=LIMIT)
        same(next(call).message, "Hello, Ana!")
        sent = server.terminate()
        time.sleep(1.5)
        assert server.process.poll() is None, "ended with a chat still open"
        feed.send("Bob")
        same(next(call).message, "Hello, Bob!")
        feed.half_close()
        same(list(call), [])
        same(call.code(), Code.OK)
        took = server.ended_after(sent, DRAIN)
        assert took < 5, f"{took:.1f} s to end, of which the chat took 1.5"


def open_client_stream_is_answered(server):
    with server.channel() as channel:
        feed = Feed("Ana")
        call = stub(channel).HelloMany.future(feed, timeout=LIMIT)
        hello(channel)  # the stream before it has reached the server too
        sent = server.terminate()
        time.sleep(1)
        feed.send("Bob")
        feed.half_close()
        same(call.result().message, "Hello, Ana and Bob!")
        server.ended_after(sent, DRAIN)


def new_calls_are_turned_away(server):
    """Once the server has gone; until then each new call is either answered or UNAVAILABLE."""
    with server.channel() as channel:
        same(hello(channel), "Hello, Ana!")
        sent = server.terminate()
        while server.process.poll() is None and time.monotonic() < sent + DRAIN:
            try:
                hello(channel)
            except grpc.RpcError as error:
                same(error.code(), Code.UNAVAILABLE)
        server.ended_after(sent, DRAIN)
        refused(Code.UNAVAILABLE, lambda: hello(channel))


def idle_connections_do_not_delay(server):
    channels = [server.channel() for _ in range(10)]
    for channel in channels:
        same(hello(channel), "Hello, Ana!")
    took = server.ended_after(server.terminate(), DRAIN)
    assert took < 3, f"{took:.1f} s to end with idle connections only"
    for channel in channels:
        channel.close()


def endless_stream_is_cut_off(server):
    """A chat that never ends gets a status when the drain time is over, and the server ends all the same."""
    with server.channel() as channel:
        call = stub(channel).Chat(Feed("Ana"), timeout=4 * DRAIN)
        same(next(call).message, "Hello, Ana!")
        sent = server.terminate()
        took = server.ended_after(sent, 2 * DRAIN)
        assert took > DRAIN / 2, f"cut off after {took:.1f} s"
        refused((Code.UNAVAILABLE, Code.CANCELLED), lambda: next(call))


def unary_under_way_is_answered(server):
    """Calls from four clients, without a pause, through the end: good answers, then UNAVAILABLE, nothing else."""
    odd, answered = [], [0]

    def client(channel):
        while True:
            try:
                same(hello(channel), "Hello, Ana!")
                answered[0] += 1
            except grpc.RpcError as error:
                if error.code() is not Code.UNAVAILABLE:
                    odd.append(error.details())
                return

    channels = [server.channel() for _ in range(4)]
    clients = [threading.Thread(target=client, args=(channel,)) for channel in channels]
    for thread in clients:
        thread.start()
    time.sleep(0.5)
    server.ended_after(server.terminate(), DRAIN)
    for thread in clients:
        thread.join(LIMIT)
    for channel in channels:
        channel.close()
    assert not odd and answered[0] > 0, f"{answered[0]} answered, then {odd}"


CHECKS = (
    open_chat_is_drained,
    open_client_stream_is_answered,
    new_calls_are_turned_away,
    idle_connections_do_not_delay,
    unary_under_way_is_answered,
    endless_stream_is_cut_off,
)
