// A Greeter on grpc-js's server that does what a name asks for (tests/foreign/README.md); it prints its port.

import grpc from "@grpc/grpc-js";

import { Greeter, encodeStatus } from "./greeter_proto.js";

let givenUp = 0;

const orders = {
  fail(rest, call) {
    const [, code, text] = /^(\d+) (.*)$/s.exec(rest);
    const metadata = sent(call, "x-trail");
    metadata.set("grpc-status-details-bin", encodeStatus(Number(code), text));
    throw Object.assign(new Error(text), { code: Number(code), details: text, metadata });
  },
  async sleep(rest) {
    await new Promise((done) => setTimeout(done, Number(rest)));
    return `Hello, sleep ${rest}!`;
  },
  wait(_rest, call) {
    return new Promise((_, fail) => {
      call.on("cancelled", () => {
        givenUp += 1;
        fail(Object.assign(new Error("given up"), { code: grpc.status.CANCELLED }));
      });
    });
  },
  cancelled: () => String(givenUp),
  deadline(_rest, call) {
    const end = call.getDeadline();
    return end === Infinity ? "none" : String(new Date(end).getTime() - Date.now());
  },
  metadata: (key, call) => call.metadata.get(key).join(", "),
  size: (rest) => "x".repeat(Number(rest)),
};

const greet = (name) => `Hello, ${name}!`;

function split(name) {
  const at = name.indexOf(" ");
  return at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

const isOrder = (name) => Object.hasOwn(orders, split(name)[0]);

async function answer(name, call) {
  const [word, rest] = split(name);
  return { message: isOrder(name) ? await orders[word](rest, call) : greet(name) };
}

// What the caller sent under `name` and `name`-bin.
function sent(call, name) {
  const metadata = new grpc.Metadata();
  for (const key of [name, `${name}-bin`]) {
    for (const value of call.metadata.get(key)) metadata.add(key, value);
  }
  return metadata;
}

// What comes in; leaving the loop must not destroy the call, which is still to be answered.
const requests = (call) => call.iterator({ destroyOnReturn: false });

function unary(call, callback) {
  call.sendMetadata(sent(call, "x-echo"));
  answer(call.request.name, call).then((reply) => callback(null, reply, sent(call, "x-trail")), callback);
}

async function names(call) {
  const all = [];
  for await (const { name } of requests(call)) {
    if (name === "done") break;
    if (isOrder(name)) return answer(name, call);
    all.push(name);
  }
  return { message: greet(all.join(" and ")) };
}

function clientStream(call, callback) {
  call.sendMetadata(sent(call, "x-echo"));
  names(call).then((reply) => callback(null, reply, sent(call, "x-trail")), callback);
}

// Streams end with trailers, or with the error that `work` throws.
function streaming(work) {
  return (call) => {
    call.sendMetadata(sent(call, "x-echo"));
    work(call).then(() => call.end(sent(call, "x-trail")), (error) => call.emit("error", error));
  };
}

const serverStream = streaming(async (call) => {
  const { name } = call.request;
  if (isOrder(name)) {
    call.write({ message: greet("first") });
    call.write(await answer(name, call));
    return;
  }
  for (let i = 0; i < 3; i += 1) call.write({ message: greet(name) });
});

const bidi = streaming(async (call) => {
  for await (const { name } of requests(call)) {
    if (!call.write(await answer(name, call))) await new Promise((room) => call.once("drain", room));
  }
});

const server = new grpc.Server();
server.addService(Greeter.service, { Hello: unary, HelloMany: clientStream, HelloOften: serverStream, Chat: bidi });
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`Listening on 127.0.0.1:${port}`);
});
process.on("SIGTERM", () => {
  server.tryShutdown(() => process.exit(0));
  setTimeout(() => process.exit(0), 1000);
});
