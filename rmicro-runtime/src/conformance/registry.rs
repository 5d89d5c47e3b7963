//! What every registry must do: the docs of [`Registry`], sentence by sentence.
//!
//! A check has a [`Pair`] and a service name of its own, so a registry that others use at the time
//! will do. The checks wait for events; they sleep only where a TTL has to pass.

/// Runs the checks of one area in turn, each against a fresh pair.
macro_rules! run_all {
    ($make:expr, [$($check:ident,)*]) => {$({
        let pair = $make().await;
        let _named = super::super::named::Named::begin("registry", stringify!($check));
        Box::pin($check(&pair)).await;
    })*};
}

pub mod announcing;
pub mod knowing;
pub mod lapsing;
pub mod looking;
mod pair;
pub mod watching;

pub use pair::Pair;

#[cfg(doc)]
use crate::registry::Registry;

/// Runs every check, each against a pair that `make` gives; it panics like a test, and says which
/// check it was.
///
/// ```
/// use std::sync::Arc;
///
/// use rmicro_runtime::conformance::registry::{Pair, suite};
/// use rmicro_runtime::registry::Memory;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # use std::time::Duration;
/// suite(async || {
///     let memory = Memory::new();
///     Pair::new(Arc::new(memory.clone()), Arc::new(memory)).ttl(Duration::from_millis(50))
/// })
/// .await;
/// # }
/// ```
pub async fn suite(make: impl AsyncFn() -> Pair) {
    announcing::all(&make).await;
    looking::all(&make).await;
    lapsing::all(&make).await;
    watching::all(&make).await;
    knowing::all(&make).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::registry::{Cached, Memory};
    use crate::seam::Seam;

    const TTL: Duration = Duration::from_millis(250);

    #[tokio::test]
    async fn memory() {
        suite(async || {
            let memory = Memory::new();
            Pair::new(Arc::new(memory.clone()), Arc::new(memory)).ttl(TTL)
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_behind_a_cache() {
        suite(async || {
            let memory = Arc::new(Memory::new());
            let cached = || Arc::new(Cached::new(memory.clone(), Seam::default()));
            Pair::new(cached(), cached()).ttl(TTL)
        })
        .await;
    }

    #[test]
    fn the_suite_runs_every_check() {
        let areas = [
            ("announcing", include_str!("registry/announcing.rs")),
            ("knowing", include_str!("registry/knowing.rs")),
            ("lapsing", include_str!("registry/lapsing.rs")),
            ("looking", include_str!("registry/looking.rs")),
            ("watching", include_str!("registry/watching.rs")),
        ];
        let suite = include_str!("registry.rs");
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
