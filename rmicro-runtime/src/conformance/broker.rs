//! What every broker must do: the docs of [`Broker`], sentence by sentence.
//!
//! What a broker says that it cannot do, in its [`Capabilities`], it must refuse or leave undone; the rest it must do. A check has
//! a [`Pair`] and topics of its own, so a broker that others use at the time will do. The checks wait for events; they sleep only
//! to see that nothing comes.

/// Runs the checks of one area in turn, each against a fresh pair.
macro_rules! run_all {
    ($make:expr, [$($check:ident,)*]) => {$({
        let pair = $make().await;
        let _named = super::super::named::Named::begin("broker", stringify!($check));
        Box::pin($check(&pair)).await;
    })*};
}

pub mod bounding;
pub mod leaving;
#[cfg(test)]
mod liars;
pub mod ordering;
mod pair;
pub mod queueing;
pub mod reaching;
pub mod settling;

pub use pair::Pair;

#[cfg(doc)]
use crate::broker::{Broker, Capabilities};

/// Runs every check, each against a pair that `make` gives; it panics like a test, and says which check it was.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use rmicro_runtime::broker::Memory;
/// use rmicro_runtime::conformance::broker::{Pair, suite};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// suite(async || {
///     let memory = Memory::new();
///     Pair::new(Arc::new(memory.clone()), Arc::new(memory)).quiet(Duration::from_millis(5))
/// })
/// .await;
/// # }
/// ```
pub async fn suite(make: impl AsyncFn() -> Pair) {
    reaching::all(&make).await;
    queueing::all(&make).await;
    settling::all(&make).await;
    bounding::all(&make).await;
    ordering::all(&make).await;
    leaving::all(&make).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::broker::Memory;

    async fn memory() {
        suite(async || {
            let memory = Memory::new();
            Pair::new(Arc::new(memory.clone()), Arc::new(memory)).quiet(Duration::from_millis(20))
        })
        .await;
    }

    #[tokio::test]
    async fn memory_in_one_thread() {
        memory().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_in_two_threads() {
        memory().await;
    }

    #[test]
    fn the_suite_runs_every_check() {
        let areas = [
            ("bounding", include_str!("broker/bounding.rs")),
            ("leaving", include_str!("broker/leaving.rs")),
            ("ordering", include_str!("broker/ordering.rs")),
            ("queueing", include_str!("broker/queueing.rs")),
            ("reaching", include_str!("broker/reaching.rs")),
            ("settling", include_str!("broker/settling.rs")),
        ];
        let suite = include_str!("broker.rs");
        for (area, text) in areas {
            assert!(
                suite.contains(&format!("    {area}::all(&make).await;")),
                "{area}"
            );
            let checks = text.split("pub async fn ").skip(1);
            let names = checks.filter_map(|check| check.split_once("(pair: &Pair)"));
            let names: Vec<_> = names.map(|(name, _)| name).collect();
            assert!(names.len() > 1, "{area}");
            for name in names {
                assert!(text.contains(&format!("            {name},\n")), "{name}");
            }
        }
    }
}
