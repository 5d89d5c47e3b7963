//! The clock as hyper wants it.

use std::pin::Pin;
use std::time::{Duration, Instant};

use hyper::rt::Timer;

use super::clock::{Clock, Moment, Sleep};

impl Timer for Clock {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Clock::sleep(self, duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Clock::sleep_until(self, Moment(deadline.into())))
    }

    fn now(&self) -> Instant {
        Clock::now(self).0.into_std()
    }
}

impl hyper::rt::Sleep for Sleep {}
