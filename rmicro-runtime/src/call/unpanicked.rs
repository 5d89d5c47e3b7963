//! Other people's code that must not take the runtime's down with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// What `future` gives, or `None` when it panicked; the panic hook has told the log.
///
/// No task is needed for it, so nothing is left behind when it is dropped.
pub(crate) async fn unpanicked<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        polled.map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_nothing_and_all_else_stays() {
        assert_eq!(unpanicked(async { 5 }).await, Some(5));
        let late = async {
            tokio::task::yield_now().await;
            panic!("on purpose")
        };
        assert_eq!(unpanicked::<()>(late).await, None);
    }
}
