//! The Redis broker against real servers, which each test starts for itself; `tests/foreign/redis/run` says where the program is.
//! Without one in `RMICRO_TEST_REDIS_SERVER` the tests are left out.

#[path = "redis/conformance.rs"]
mod conformance;
#[path = "redis/faults.rs"]
mod faults;
#[path = "redis/killed.rs"]
mod killed;
#[path = "redis/log.rs"]
mod log;
#[path = "redis/outages.rs"]
mod outages;
#[path = "redis/server.rs"]
mod server;
#[path = "redis/tidy.rs"]
mod tidy;
