// The Greeter of proto/greet/v1, read when the program starts, and what its details are written with.

import path from "node:path";
import { fileURLToPath } from "node:url";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import protobuf from "protobufjs";

const protos = process.env.PROTOS ?? path.join(path.dirname(fileURLToPath(import.meta.url)), "../../../proto");
const file = path.join(protos, "greet/v1/greeter.proto");

export const { Greeter } = grpc.loadPackageDefinition(protoLoader.loadSync(file, { defaults: true })).greet.v1;

const Reply = protobuf.loadSync(file).lookupType("greet.v1.HelloReply");
const Status = protobuf.parse(`
  syntax = "proto3";
  package google.rpc;
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
`).root.lookupType("google.rpc.Status");

const DETAIL = "type.googleapis.com/greet.v1.HelloReply";

// A google.rpc.Status with one detail, a HelloReply with the text.
export function encodeStatus(code, message) {
  const value = Reply.encode({ message }).finish();
  return Buffer.from(Status.encode({ code, message, details: [{ typeUrl: DETAIL, value }] }).finish());
}

// The same read back: code, message, and the text of the only detail.
export function decodeStatus(bytes) {
  const { code, message, details } = Status.decode(bytes);
  if (details.length !== 1 || details[0].typeUrl !== DETAIL) throw new Error(`details ${JSON.stringify(details)}`);
  return [code, message, Reply.decode(details[0].value).message];
}
