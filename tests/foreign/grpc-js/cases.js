// The cases for a server that takes orders.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import grpc from "@grpc/grpc-js";

import { decodeStatus } from "./greeter_proto.js";

const MIB = 1024 * 1024;
const BYTES = [Buffer.from([0, 1, 255]), Buffer.alloc(0), Buffer.from("four")];

export const CASES = {
  async unary(client) {
    assert.equal(await ask(client, "约翰 Zoë"), "Hello, 约翰 Zoë!");
    assert.equal(await ask(client, ""), "Hello, !");
  },

  async client_stream(client) {
    const [call, reply] = many(client);
    for (const name of ["Ana", "Bob", "Eve"]) call.write({ name });
    call.end();
    assert.equal(await reply, "Hello, Ana and Bob and Eve!");
  },

  async server_stream(client) {
    assert.deepEqual(await all(client.HelloOften({ name: "Ana" })), Array(3).fill("Hello, Ana!"));
  },

  async chat_in_lockstep(client) {
    const chat = client.Chat();
    const replies = chat[Symbol.asyncIterator]();
    for (const name of ["Ana", "Bob", "Eve"]) {
      chat.write({ name });
      assert.equal((await replies.next()).value.message, `Hello, ${name}!`);
    }
    chat.end();
    assert.equal((await replies.next()).done, true);
  },

  async chat_in_one_burst(client) {
    const chat = client.Chat();
    const names = Array.from({ length: 1000 }, (_, number) => String(number));
    for (const name of names) chat.write({ name });
    chat.end();
    assert.deepEqual(await all(chat), names.map((name) => `Hello, ${name}!`));
  },

  async metadata_of_a_unary_call(client) {
    const call = hello(client, "Ana", withMetadata());
    const [metadata, trailers] = await Promise.all([event(call.call, "metadata"), event(call.call, "status"), call.reply]);
    cameBack(metadata, "x-echo");
    cameBack(trailers.metadata, "x-trail");
  },

  async metadata_of_a_stream(client) {
    const chat = client.Chat(withMetadata());
    const [metadata, status] = [event(chat, "metadata"), event(chat, "status")];
    chat.write({ name: "Ana" });
    chat.end();
    assert.deepEqual(await all(chat), ["Hello, Ana!"]);
    cameBack(await metadata, "x-echo");
    cameBack((await status).metadata, "x-trail");
  },

  async metadata_of_an_error(client) {
    const error = await refused(hello(client, "fail 5 gone", withMetadata()).reply, 5);
    cameBack(error.metadata, "x-trail");
  },

  async metadata_reaches_the_handler(client) {
    const metadata = new grpc.Metadata();
    metadata.add("X-Request-Id", "7");
    metadata.add("x-request-id", "8");
    assert.equal(await hello(client, "metadata x-request-id", metadata).reply, "7, 8");
  },

  async every_code(client) {
    for (let code = 1; code <= 16; code += 1) {
      const error = await refused(ask(client, `fail ${code} no such user`), code);
      assert.equal(error.details, "no such user");
    }
    await isWell(client);
  },

  async error_beyond_ascii(client) {
    const text = "100% of naïve ☺ 😈\r\n\tlines";
    assert.equal((await refused(ask(client, `fail 5 ${text}`), 5)).details, text);
  },

  async error_details(client) {
    const error = await refused(ask(client, "fail 9 not now"), 9);
    const [details] = error.metadata.get("grpc-status-details-bin");
    assert.deepEqual(decodeStatus(details), [9, "not now", "not now"]);
  },

  async error_on_a_server_stream(client) {
    const replies = client.HelloOften({ name: "fail 5 gone" })[Symbol.asyncIterator]();
    assert.equal((await replies.next()).value.message, "Hello, first!");
    assert.equal((await refused(replies.next(), 5)).details, "gone");
  },

  async error_before_half_close(client) {
    const [call, reply] = many(client);
    call.write({ name: "fail 9 enough" });
    assert.equal((await refused(reply, 9)).details, "enough");
    await isWell(client);
  },

  async deadline_reaches_the_handler(client) {
    const left = Number(await hello(client, "deadline", undefined, { deadline: Date.now() + 5000 }).reply);
    assert(left >= 1000 && left <= 5000, `${left} ms left of 5000`);
    assert.equal(await ask(client, "deadline"), "none");
  },

  async deadline_passes(client) {
    const before = await cancelled(client);
    const begun = Date.now();
    await refused(hello(client, "wait", undefined, { deadline: begun + 300 }).reply, grpc.status.DEADLINE_EXCEEDED);
    const took = Date.now() - begun;
    assert(took >= 250 && took < 3000, `took ${took} ms instead of 300`);
    await seesACancel(client, before);
  },

  async cancel_reaches_the_handler(client) {
    const before = await cancelled(client);
    const { call, reply } = hello(client, "wait");
    setTimeout(() => call.cancel(), 200);
    await refused(reply, grpc.status.CANCELLED);
    await seesACancel(client, before);
  },

  async cancel_of_a_stream_reaches_the_handler(client) {
    const before = await cancelled(client);
    const call = client.HelloOften({ name: "wait" });
    const replies = call[Symbol.asyncIterator]();
    assert.equal((await replies.next()).value.message, "Hello, first!");
    call.cancel();
    await refused(replies.next(), grpc.status.CANCELLED);
    await seesACancel(client, before);
  },

  async cancel_in_mid_stream_50_times(client) {
    for (let i = 0; i < 50; i += 1) {
      const chat = client.Chat();
      const replies = chat[Symbol.asyncIterator]();
      chat.write({ name: "Ana" });
      assert.equal((await replies.next()).value.message, "Hello, Ana!");
      chat.cancel();
      await refused(replies.next(), grpc.status.CANCELLED);
    }
    await isWell(client);
  },

  async unary_200_at_once(client) {
    const names = Array.from({ length: 200 }, (_, number) => String(number));
    const replies = await Promise.all(names.map((name) => ask(client, name)));
    assert.deepEqual(replies, names.map((name) => `Hello, ${name}!`));
  },

  async chats_100_at_once(client) {
    const chats = Array.from({ length: 100 }, () => client.Chat());
    const replies = chats.map((chat) => chat[Symbol.asyncIterator]());
    for (const round of ["first", "second"]) {
      chats.forEach((chat, number) => chat.write({ name: `${round} ${number}` }));
      const said = await Promise.all(replies.map((each) => each.next()));
      said.forEach(({ value }, number) => assert.equal(value.message, `Hello, ${round} ${number}!`));
    }
    chats.forEach((chat) => chat.end());
    for (const each of replies) assert.equal((await each.next()).done, true);
  },

  async message_of_1_mib(client) {
    const name = "x".repeat(MIB);
    assert(await ask(client, name) === `Hello, ${name}!`, "damaged");
    const replies = await all(client.HelloOften({ name }));
    assert(replies.length === 3 && replies.every((reply) => reply === `Hello, ${name}!`), "damaged");
  },

  async message_just_below_4_mib(client) {
    const name = "x".repeat(4 * MIB - 64);
    assert(await ask(client, name) === `Hello, ${name}!`, "damaged");
  },

  async message_above_4_mib(client) {
    await refused(ask(client, "x".repeat(4 * MIB + 1)), grpc.status.RESOURCE_EXHAUSTED);
    await refused(ask(client, `size ${4 * MIB + 1}`), grpc.status.RESOURCE_EXHAUSTED);
    await isWell(client);
  },
};

// One unary call: the call itself, and a promise of the answer's text.
function hello(client, name, metadata = new grpc.Metadata(), options = {}) {
  let call;
  const reply = new Promise((done, fail) => {
    call = client.Hello({ name }, metadata, options, (error, answer) => (error ? fail(error) : done(answer.message)));
  });
  return { call, reply };
}

const ask = (client, name) => hello(client, name).reply;

function many(client) {
  let call;
  const reply = new Promise((done, fail) => {
    call = client.HelloMany((error, answer) => (error ? fail(error) : done(answer.message)));
  });
  return [call, reply];
}

async function all(call) {
  const replies = [];
  for await (const { message } of call) replies.push(message);
  return replies;
}

const event = (emitter, name) => new Promise((done) => emitter.once(name, done));

// The error that `action` must end with, which has this code.
async function refused(action, code) {
  const error = await Promise.resolve(action).then(
    (value) => assert.fail(`no error but ${JSON.stringify(value).slice(0, 200)}`),
    (reason) => reason,
  );
  assert.equal(error.code, code, error.message);
  return error;
}

async function isWell(client) {
  assert.equal(await ask(client, "Ana"), "Hello, Ana!");
}

const cancelled = async (client) => Number(await ask(client, "cancelled"));

async function seesACancel(client, before) {
  while ((await cancelled(client)) <= before) await sleep(20);
}

function withMetadata() {
  const metadata = new grpc.Metadata();
  for (const name of ["x-echo", "x-trail"]) {
    for (const value of ["one", "two"]) metadata.add(name, value);
    for (const bytes of BYTES) metadata.add(`${name}-bin`, bytes);
  }
  return metadata;
}

function cameBack(metadata, name) {
  // Node joins the values of a name, which gRPC allows.
  assert.deepEqual(metadata.get(name), ["one, two"]);
  assert.deepEqual(metadata.get(`${name}-bin`), BYTES);
}
