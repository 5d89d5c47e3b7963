//! The one door to clocks, sockets and chance.
//!
//! Invariant: nothing else in this crate names tokio's time or net, `Instant`, or a random source, so a whole cluster can run in
//! one process under a simulated network, a paused clock and a seed. `tests/floors.rs` enforces it.

#[cfg(any(feature = "grpc", feature = "http"))]
mod bind;
mod chance;
mod clock;
mod holder;
#[cfg(feature = "mdns")]
mod multicast;
mod net;
#[cfg(feature = "grpc")]
mod timer;

#[cfg(any(feature = "grpc", feature = "http"))]
pub(crate) use bind::bind;
pub use chance::Chance;
#[cfg(test)]
pub(crate) use clock::TIMERS;
pub use clock::{Clock, Moment, Sleep};
pub use net::{Accept, Datagram, Interface, Net, Network, Socket};

/// The clock, the network and the source of chance that a service uses; a cheap clone.
///
/// ```
/// use rmicro_runtime::seam::{Chance, Seam};
///
/// let mut seam = Seam::default();
/// seam.chance = Chance::from_seed(7); // every random choice is now repeatable
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Seam {
    /// Tells the time and sleeps.
    pub clock: Clock,
    /// Opens sockets.
    pub net: Net,
    /// Makes random choices.
    pub chance: Chance,
}
