"""Judges what subscribers printed, by what was to be published: `judge.py all|moving BROKER FOLDER`.

FOLDER has `plan`, a line for each program (`subscribe NAME STACK FORM:TOPIC[@QUEUE]…`, `publish NAME STACK FORM:TOPIC=COUNT…`,
in the words that the programs take), and NAME.log of each. A stack is `v2-grpc`, `v5-mucp` and so on, or `rust`.

`all` expects every message at everybody who has to have it, exactly. `moving` has subscribers called `stays`, `leaves` and
`comes`: each message is at one of a queue, and what one without a queue has has no gap. Each check is a line `ok NAME` or
`FAILED NAME: WHY`.
"""

import json
import pathlib
import re
import sys
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Publisher:
    """What one publisher publishes in one form."""

    name: str
    stack: str
    form: str
    topic: str
    count: int
    # The numbers of those that it was told to be perhaps lost.
    unconfirmed: frozenset


@dataclass(frozen=True, eq=False)
class Subscriber:
    """What one subscriber has of one topic; `kind` says how it takes it, `event` or `raw`."""

    name: str
    stack: str
    kind: str
    topic: str
    queue: str
    got: list

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TEXT = "约翰 "
TAIL = ' 约翰 Zoë <&>\u2028"\\'

# --- what go-micro writes and can read -------------------------------------------------------------

# Bodies by what they are called. Around what is called grpc go-micro's mucp publishers put a frame, with protobuf in it in any
# case (`codec/grpc/grpc.go`), and its gRPC publishers put none (`client/grpc/grpc.go`).
JSON = {"application/json", "application/grpc+json", "application/json-rpc"}
FRAMED = {"application/grpc", "application/grpc+proto", "application/grpc+json"}
UNIVERSAL = {"application/json", "application/protobuf"}


def reads(subscriber, publisher, http):
    """Whether a subscriber is asked for this form: what go-micro calls by a name that one of its stacks alone understands is read
    by that stack, and by us."""
    if publisher.form in UNIVERSAL or subscriber.kind == "raw" or subscriber.stack == "rust":
        return True
    if publisher.form.startswith("raw-"):
        # v2's mucp server goes by the Micro-Topic in the header alone (`server/rpc_router.go`), which the http broker sets.
        return http or subscriber.stack != "v2-mucp"
    return stack(subscriber) == stack(publisher)


def covers(subscriber, publisher):
    """Whether it subscribes to that topic, perhaps by one of NATS's wildcards."""
    exact, under = subscriber.topic == publisher.topic, subscriber.topic.removesuffix("*")
    return exact or under.endswith(".") and publisher.topic.startswith(under)


def stack(who):
    return who.stack.split("-")[-1]


def sent_header(publisher, identity, http):
    """The header that travels; the value of an id is left open."""
    header, topic = {}, publisher.topic
    if publisher.form.startswith("raw-"):
        if publisher.form != "raw-bare":
            header |= {"id": identity, "Zoë": '<&>\u2028"'}
        return header | ({"Micro-Topic": topic} if http else {})
    tenant = "Zoe & Sons" if publisher.stack == "rust" else "Zoë & Sons"
    header |= {"Content-Type": publisher.form, "Micro-Topic": topic, "X-Request-Id": identity, "Tenant": tenant}
    if publisher.stack in ("rust", "v5-mucp"):
        header["Micro-ID"] = UUID
    elif publisher.stack == "v2-mucp":
        header["Micro-Id"] = UUID
    return header


def seen_header(subscriber, header):
    """What of it reaches a handler of events."""
    if subscriber.kind == "raw":
        return header
    if subscriber.stack == "rust":  # metadata is ASCII, and its names have no case
        texts = ((name, value) for name, value in header.items() if name.isascii())
        return {name.lower(): value for name, value in texts if value is UUID or value.isascii()}
    header = dict(header)
    if stack(subscriber) == "grpc":
        header.pop("Content-Type", None)
    else:
        header.setdefault("Content-Type", "application/protobuf")
    if subscriber.stack.startswith("v2"):
        header = {name[:1].upper() + name[1:]: value for name, value in header.items()}
    return header


def body_fits(publisher, identity, body):
    form, text = publisher.form, identity.encode()
    if form in ("raw-text", "raw-bare"):
        return body == TEXT.encode() + text
    if form == "raw-bytes":
        return body == bytes(range(256)) + text
    if form == "raw-hollow":
        return body == b""
    name = identity + TAIL
    proto = bytes([0x0A, len(name.encode())]) + name.encode()
    if stack(publisher) == "mucp" and form in FRAMED:
        if body[:5] != b"\0" + (len(body) - 5).to_bytes(4, "big"):
            return False
        return body[5:] == proto
    return json.loads(body) == {"name": name} if form in JSON else body == proto


# --- what came ------------------------------------------------------------------------------------


def identity_of(record):
    """`PUBLISHER FORM NUMBER`, from the body or, where that has none, the header."""
    if "name" in record:
        return record["name"].removesuffix(TAIL)
    header = record["header"] or {}
    return header.get("X-Request-Id") or header.get("id") or bytes.fromhex(record["body"])[len(TEXT.encode()) :].decode()


def wrong(subscriber, publisher, record, http):
    """What is wrong with a message, or nothing."""
    identity = identity_of(record)
    if "name" in record and record["name"] != identity + TAIL:
        return f"the event says {record['name']!r}"
    if "body" in record and not body_fits(publisher, identity, bytes.fromhex(record["body"])):
        return f"the body is {record['body']}"
    if record.get("topic", publisher.topic) != publisher.topic:
        return f"it came by topic {record['topic']!r}"
    got = record["header"] or {}
    want = seen_header(subscriber, sent_header(publisher, identity, http))
    fits = got.keys() == want.keys() and all(
        UUID.fullmatch(got[name]) if value is UUID else got[name] == value for name, value in want.items()
    )
    return None if fits else f"the header is {got}, wanted {want}"


def of(publisher, subscriber):
    """The records of what this publisher published in this form."""
    start = f"{publisher.name} {publisher.form} "
    return [record for record in subscriber.got if identity_of(record).startswith(start)]


def numbers(records):
    return [int(identity_of(record).rsplit(" ", 1)[1]) for record in records]


def read(folder):
    publishers, subscribers = [], []
    for line in (folder / "plan").read_text().splitlines():
        verb, name, its_stack, *words = line.split()
        for word in words:
            form, rest = word.split(":", 1)
            if verb == "publish":
                topic, count = rest.split("=")
                unsure = unconfirmed(folder / f"from_{name}.log", form)
                publishers.append(Publisher(name, its_stack, form, topic, int(count), unsure))
            else:
                topic, _, queue = rest.partition("@")
                subscribers.append(Subscriber(name, its_stack, form, topic, queue, records(folder / f"{name}.log", form, topic)))
    return publishers, subscribers


def records(log, kind, topic):
    lines = (line for line in log.read_text().split("\n") if line.startswith("{"))
    return [record for record in map(json.loads, lines) if record.get(kind) == topic]


def unconfirmed(log, form):
    start = f"unconfirmed {form} "
    lines = (line for line in log.read_text().split("\n") if line.startswith(start))
    return frozenset(int(line.removeprefix(start).split(":")[0]) for line in lines)


# --- the checks -----------------------------------------------------------------------------------


def check(name, why):
    print(f"FAILED {name}: {why}" if why else f"ok {name}")


def differs(got, count, often=1, unsure=(), swallowed=0):
    """How often each number came, where that is not `often`; those of `unsure` need not come, nor so many as may be `swallowed`."""
    times = Counter(got)
    lost = [n for n in range(count) if not times[n] and n not in unsure]
    off = {n: k for n, k in sorted(times.items()) if k != often or not 0 <= n < count}
    return f"{len(lost)} of {count} lost: {lost[:9]}, came often: {off}" if len(lost) > swallowed or off else None


def attempts(subscriber, publisher):
    """How often a handler gets a message: where it fails, ours five times, go-micro's once."""
    return 5 if subscriber.stack == "rust" and publisher.name.startswith("fail") else 1


def first_wrong(subscriber, publisher, came, http):
    return next(filter(None, (wrong(subscriber, publisher, record, http) for record in came)), None)


def everything(broker, publishers, subscribers):
    """Each message exact, and as often as it has to come; and nothing else."""
    http = broker == "http"
    for subscriber in subscribers:
        known = {id(record) for p in publishers if covers(subscriber, p) for record in of(p, subscriber)}
        strange = [record for record in subscriber.got if id(record) not in known]
        check(f"{subscriber.name} has nothing else by {subscriber.topic}", strange)
    for publisher in publishers:
        if publisher.unconfirmed:
            check(f"{publisher.name} in {publisher.form}", f"not confirmed: {sorted(publisher.unconfirmed)}")
        to = [s for s in subscribers if covers(s, publisher) and reads(s, publisher, http)]
        if not to:
            check(f"{publisher.name} in {publisher.form}", "nobody is to receive it")
        for subscriber in (s for s in to if not s.queue):
            got = of(publisher, subscriber)
            often = attempts(subscriber, publisher)
            why = differs(numbers(got), publisher.count, often) or first_wrong(subscriber, publisher, got, http)
            # Go's http broker publishes each message in a task of its own.
            if not why and often == 1 and (publisher.stack == "rust" or not http) and numbers(got) != sorted(numbers(got)):
                why = f"not in order: {numbers(got)}"
            check(f"{publisher.name} to {subscriber.name}, {publisher.form}", why)
        queue = [s for s in to if s.queue]
        if queue:
            shares = [of(publisher, s) for s in queue]
            why = differs([n for share in shares for n in numbers(share)], publisher.count)
            check(f"{publisher.name} to a queue, {publisher.form}, each to one", why)
            for subscriber, share in zip(queue, shares):
                why = first_wrong(subscriber, publisher, share, http) if share else "it got none"
                check(f"{publisher.name} to {subscriber.name} in a queue, {publisher.form}", why)


def moving(broker, publishers, subscribers):
    """Nothing is lost where subscribers come and go, but for what go-micro's http broker does when one of its own leaves
    (`broker/http.go`): it ends with requests under way (`Disconnect`), and whoever has sent one cannot tell whether it was taken;
    and it answers 200 to what comes for a subscription that it has just dropped (`unsubscribe`, `ServeHTTP`), which nobody can
    know of."""
    for publisher in publishers:
        go = {s.stack for s in subscribers if s.name == "leaves"} - {"rust"}
        excused = 3 if broker == "http" and go else 0
        few = len(publisher.unconfirmed) <= excused
        check(f"{publisher.name}: confirmed", None if few else f"not confirmed: {sorted(publisher.unconfirmed)}")
        to = [s for s in subscribers if s.topic == publisher.topic]
        got = {s: numbers(of(publisher, s)) for s in to}
        queue = [s for s in to if s.queue]
        for s in queue:
            check(f"{publisher.name}: {s.name} gets some in the queue", None if got[s] else "it got none")
        if queue:
            why = differs([n for s in queue for n in got[s]], publisher.count, unsure=publisher.unconfirmed, swallowed=excused)
            check(f"{publisher.name}: each to one of the queue", why)
        for s in (s for s in to if not s.queue):
            first = min(got[s], default=publisher.count) if s.name == "comes" else 0
            last = max(got[s], default=0) + 1 if s.name == "leaves" else publisher.count
            unsure = {n - first for n in publisher.unconfirmed}
            why = differs([n - first for n in got[s]], last - first, unsure=unsure) if got[s] else "it got none"
            check(f"{publisher.name}: no gap in what {s.name} has", why)


def main():
    _, kind, broker, folder = sys.argv
    publishers, subscribers = read(pathlib.Path(folder))
    {"all": everything, "moving": moving}[kind](broker, publishers, subscribers)


main()
