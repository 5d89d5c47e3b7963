//! Events from `publish` to the handler and back to the broker, over the memory broker.

#[path = "events/bodies.rs"]
mod bodies;
#[path = "events/ends.rs"]
mod ends;
#[path = "events/failures.rs"]
mod failures;
#[path = "events/passing.rs"]
mod passing;
#[path = "events/sharing.rs"]
mod sharing;
#[path = "events/world.rs"]
mod world;
