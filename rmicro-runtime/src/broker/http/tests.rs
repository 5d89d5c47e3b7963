//! What go-micro's programs see, and what becomes of peers that err.

mod farewells;
mod lines;
mod publishers;
mod receivers;
mod subscriptions;
mod waits;
mod world;
