// Judges a server that takes orders: `judge.js HOST:PORT`, each case one line.

import grpc from "@grpc/grpc-js";

import { CASES } from "./cases.js";
import { Greeter } from "./greeter_proto.js";

const LIMIT = 20_000; // milliseconds for one case

const client = new Greeter(process.argv[2], grpc.credentials.createInsecure());

function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not done after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

for (const [name, run] of Object.entries(CASES)) {
  const label = name.replaceAll("_", " ");
  try {
    await within(LIMIT, run(client));
    console.log(`ok ${label}`);
  } catch (error) {
    console.log(`FAILED ${label}: ${error.message}`);
    console.error(error);
  }
}
client.close();
process.exit(0);
