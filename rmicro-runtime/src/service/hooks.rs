//! What a program does around the start and the stop of its service.
//!
//! Invariant: a hook waits for the one before it; one that panics has failed; a stop hook that fails stops nothing.

use std::fmt;
use std::sync::Arc;

use super::builder::ServiceBuilder;
use crate::call::{BoxFuture, unpanicked};
use crate::error::{Error, Result};

type Hook = Arc<dyn Fn() -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// The hooks of a service, each list in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Hooks {
    pub(super) before_start: List,
    pub(super) after_start: List,
    pub(super) before_stop: List,
    pub(super) after_stop: List,
}

/// The hooks for one moment.
#[derive(Clone, Default)]
pub(super) struct List(Vec<Hook>);

impl List {
    fn add<F, R>(&mut self, hook: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.push(Arc::new(move || Box::pin(hook())));
    }

    /// Runs them until one fails, and gives its error, which `moment` names.
    pub(super) async fn run(&self, moment: &str) -> Result<()> {
        for (index, hook) in self.0.iter().enumerate() {
            self.run_one(index, hook, moment).await?;
        }
        Ok(())
    }

    /// Runs all of them; the log tells which failed.
    pub(super) async fn run_all(&self, moment: &str) {
        for (index, hook) in self.0.iter().enumerate() {
            if let Err(error) = self.run_one(index, hook, moment).await {
                tracing::warn!("a hook failed, the shutdown goes on: {error:?}");
            }
        }
    }

    /// Runs one; a panic, of the hook or of its future, is its error.
    async fn run_one(&self, index: usize, hook: &Hook, moment: &str) -> Result<()> {
        let ended = unpanicked(async { hook().await }).await;
        let ended = ended.unwrap_or_else(|| {
            let (number, all) = (index + 1, self.0.len());
            Err(Error::internal(format!("hook {number} of {all} panicked")))
        });
        ended.map_err(|error| error.at(moment))
    }
}

/// # Hooks
///
/// They run in the order `before_start`, listen and register, `after_start`, and at the end
/// `before_stop`, withdraw the node and drain, `after_stop`; hooks for the same moment run one after
/// the other, in the order in which they were added. They run each time that the service starts or
/// stops. The stop hooks run at [`Running::shutdown`](crate::Running::shutdown), not when a
/// [`Running`](crate::Running) is dropped or a second signal cuts it, and no limit of time holds for
/// them. A hook that panics has failed with INTERNAL, which says at which moment and which of its
/// hooks it was.
///
/// ```
/// use rmicro_runtime::Service;
///
/// let service = Service::builder("greeter")
///     .registry("memory")
///     .transport("memory")
///     .before_start(|| async { println!("open the database"); Ok(()) })
///     .after_stop(|| async { println!("close the database"); Ok(()) })
///     .build()?;
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
impl ServiceBuilder {
    /// Runs `hook` before anything is listened on; its error is that of the start, and nothing of the
    /// service has happened then.
    pub fn before_start<F, R>(mut self, hook: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.hooks.before_start.add(hook);
        self
    }

    /// Runs `hook` when the service serves and is registered; after its error the service is shut
    /// down, stop hooks included, and the error is that of the start.
    pub fn after_start<F, R>(mut self, hook: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.hooks.after_start.add(hook);
        self
    }

    /// Runs `hook` before the node is withdrawn, while calls still come; its error is told in the
    /// log.
    pub fn before_stop<F, R>(mut self, hook: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.hooks.before_stop.add(hook);
        self
    }

    /// Runs `hook` when no call is left; its error is told in the log.
    pub fn after_stop<F, R>(mut self, hook: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.0.hooks.after_stop.add(hook);
        self
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}
