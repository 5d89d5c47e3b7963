//! The only message of a reply, as a unary call has it.

use std::future::poll_fn;

use crate::call::FrameStream;
use crate::error::{Error, Result};
use crate::rpc::{Answer, Called};
use crate::seam::{Clock, Moment};

/// The only message of a unary reply, and what travelled beside it; `broken` makes the error of any other number of them.
pub(super) async fn only_frame(
    mut frames: Box<dyn FrameStream>,
    broken: impl Fn(&'static str) -> Error,
) -> Result<Answer> {
    let first = poll_fn(|cx| frames.poll_frame(cx)).await.transpose()?;
    let message =
        first.ok_or_else(|| broken("the peer ended the call without its only message"))?;
    if poll_fn(|cx| frames.poll_frame(cx))
        .await
        .transpose()?
        .is_some()
    {
        return Err(broken(
            "the peer sent a second message where the method has one",
        ));
    }
    let metadata = std::mem::take(frames.metadata());
    let trailers = std::mem::take(frames.trailers());
    Ok(Answer::One {
        metadata,
        message,
        trailers,
    })
}

/// The same of a stream with which an interceptor has answered: nobody else watches over its `deadline`.
pub(super) async fn gather(
    frames: Box<dyn FrameStream>,
    clock: Clock,
    deadline: Moment,
    called: Called,
) -> Result<Answer> {
    let only = only_frame(frames, |text| called.broken(text));
    let gathered = clock.until(deadline, only).await;
    gathered.unwrap_or_else(|| Err(called.late("wait")))
}
