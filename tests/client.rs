//! What a caller may rely on: waiting for nodes, other nodes, limits, connections, and errors that say where.

#[path = "client/deadlines.rs"]
mod deadlines;
#[path = "client/drains.rs"]
mod drains;
#[path = "client/errors.rs"]
mod errors;
#[path = "client/limits.rs"]
mod limits;
#[path = "client/line.rs"]
mod line;
#[path = "client/peer.rs"]
mod peer;
#[path = "client/raw.rs"]
mod raw;
#[path = "client/ready.rs"]
mod ready;
#[path = "client/repeats.rs"]
mod repeats;
#[path = "client/retries.rs"]
mod retries;
#[path = "client/world.rs"]
mod world;
