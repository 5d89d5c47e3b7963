//! The way of a call to a connection, and to another node where that is safe.
//!
//! Invariant: a call goes to a second node only with proof that no handler has seen it, or where its proto allows that; what an address that cannot be reached
//! costs is paid by the address, not by the calls that find another.

use std::sync::Arc;
use std::time::Duration;

use super::Inner;
use super::only::only_frame;
use super::patience::Patience;
use super::pool::{Reach, unanswered};
use super::progress::{Progress, Stage, told};
use super::repeat;
use super::target::Target;
use super::way::Way;
use crate::call::{CallHead, FrameStream};
use crate::error::{Error, Result};
use crate::registry::Node;
use crate::rpc::{Answer, Method};
use crate::selector::Choice;
use crate::transport::{ClientCall, Connection, Refused, Turn};

/// One call on its way: the nodes of its target are tried until one takes it.
pub(super) struct Placing<'a> {
    pub(super) client: &'a Inner,
    pub(super) target: &'a Target,
    pub(super) method: &'static Method,
    pub(super) progress: &'a Progress,
    /// Whether it waits for a node where there is none.
    pub(super) patient: bool,
    /// How long it waits for a connection, when not as long as others.
    pub(super) dial_timeout: Option<Duration>,
}

/// A call that a connection has taken.
pub(super) struct Placed {
    pub(super) node: Arc<Node>,
    pub(super) frames: Box<dyn FrameStream>,
}

impl Placing<'_> {
    /// Makes a unary call; another node is asked while it is proved that no handler has seen it, or the proto allows that.
    pub(super) async fn ask(&self, call: &ClientCall) -> Result<Answer> {
        let mut way = Way::default();
        loop {
            let Placed { node, frames } = self.place(call, &mut way).await?;
            self.progress.reach(Stage::Wait);
            // The outcome must have gone before the next wait, for which the future would keep its place.
            let error = match self.heard(only_frame(frames, Error::internal).await, &node) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if error.is_unprocessed() {
                way.fail(&node, error)?;
            } else {
                // In a box, as it is rare.
                Box::pin(self.repeat(call, &mut way, &node, error)).await?;
            }
        }
    }

    /// Takes note of what came of the call at `node`.
    fn heard(&self, outcome: Result<Answer>, node: &Arc<Node>) -> Result<Answer> {
        let failure = outcome.as_ref().err();
        self.client.selector.mark(self.target.name(), node, failure);
        if failure.is_none() && self.method.idempotency_level().may_repeat() {
            self.target.budget.earn();
        }
        outcome.map_err(|error| self.told(error, Stage::Wait, node))
    }

    /// Lets a call that a handler may have seen be made again where that is allowed, and gives `error` back where it is not.
    ///
    /// Another node is asked at once; one that was asked before gets a moment, if the deadline leaves that.
    pub(super) async fn repeat(
        &self,
        call: &ClientCall,
        way: &mut Way,
        node: &Arc<Node>,
        error: Error,
    ) -> Result<()> {
        let seam = &self.client.seam;
        if !way.has_tried(node) {
            way.pass(node);
        }
        let back = way.has_tried_all().then(|| {
            let pause = repeat::pause(way.tries(), &seam.chance);
            seam.clock.now().after(pause)
        });
        let deadline = call.head.deadline;
        let is_late = |back| deadline.is_some_and(|deadline| deadline <= back);
        if way.is_at_its_end()
            || back.is_some_and(is_late)
            || !repeat::allows(self.method, &error, &self.target.budget)
        {
            return Err(error);
        }
        way.fail(node, error)?;
        if let Some(back) = back {
            seam.clock.sleep_until(back).await;
        }
        Ok(())
    }

    /// Hands the call to a connection to some node that it has not tried on its way.
    pub(super) async fn place(&self, call: &ClientCall, way: &mut Way) -> Result<Placed> {
        if self.patient {
            // In boxes, here and below: what few calls do must not make the future of every call larger.
            return Box::pin(self.place_patiently(call, way)).await;
        }
        self.try_nodes(call, way).await
    }

    async fn place_patiently(&self, call: &ClientCall, way: &mut Way) -> Result<Placed> {
        let mut patience = Patience::new(self.client, self.target);
        loop {
            match self.try_nodes(call, way).await {
                Err(error) if Patience::sits_out(&error) => {
                    self.progress.wait_because(error);
                    patience.wait(way).await;
                    way.again();
                }
                placed => return placed,
            }
        }
    }

    async fn try_nodes(&self, call: &ClientCall, way: &mut Way) -> Result<Placed> {
        loop {
            self.progress.discover();
            let node = self.choose(&call.head, way).await?;
            self.progress.dial(&node);
            let Some(connection) = self.connection(&node, way).await? else {
                continue;
            };
            self.progress.reach(Stage::Send);
            match self.start(&*connection, call).await {
                Ok(frames) => return Ok(Placed { node, frames }),
                Err(error) => fail(way, &node, self.told(error, Stage::Send, &node))?,
            }
        }
    }

    async fn choose(&self, head: &CallHead, way: &mut Way) -> Result<Arc<Node>> {
        let (client, target) = (self.client, self.target);
        let resolved = target
            .resolve(&*client.registry, client.pool.protocol())
            .await;
        if !resolved.left.is_empty() {
            client.pool.release(&resolved.left);
        }
        way.known = resolved.known;
        resolved.outcome?;
        let nodes = way.known.as_ref().map_or(&[][..], |known| &known.nodes);
        let choice = Choice::new(target.name(), head).after(way.tried());
        let Some(node) = client.selector.select(&choice, nodes).cloned() else {
            return Err(self.none_chosen());
        };
        let is_awake = || client.pool.awake(std::slice::from_ref(&node)).is_some();
        if !way.has_tried(&node) || (!way.has_waited_out(&node) && is_awake()) {
            return Ok(node);
        }
        // All were tried, and this one is left alone; another may have a connection, or be back in a moment.
        let awake = client.pool.awake(way.unwaited()).cloned();
        Ok(awake.unwrap_or(node))
    }

    /// A connection to `node`; `None` when others are to be tried first.
    async fn connection(
        &self,
        node: &Arc<Node>,
        way: &mut Way,
    ) -> Result<Option<Arc<dyn Connection>>> {
        let attempt = match self.reach(node) {
            Reach::Open(connection) => return Ok(Some(connection)),
            Reach::Dialing(_) | Reach::Probing(_) if way.has_waited_out(node) => {
                let error = unanswered(&node.address, self.dial_timeout());
                return Err(way.end(self.told(error, Stage::Dial, node)));
            }
            Reach::Dialing(attempt) => attempt,
            Reach::Probing(attempt) if way.has_tried(node) => attempt,
            Reach::Resting(error) if way.has_tried(node) => {
                return Err(way.end(self.told(error, Stage::Dial, node)));
            }
            Reach::Probing(_) | Reach::Resting(_) => {
                way.pass(node);
                return Ok(None);
            }
        };
        let limit = self.dial_timeout();
        let connected = Box::pin(attempt.wait(self.client.seam.clock, limit)).await;
        let connected = connected.unwrap_or_else(|| {
            way.wait_out(node);
            Err(unanswered(&node.address, limit))
        });
        match connected {
            Ok(connection) => Ok(Some(connection)),
            Err(error) => {
                let error = self.told(error, Stage::Dial, node);
                fail(way, node, error).map(|()| None)
            }
        }
    }

    /// What there is at `node`, of which nothing stays in the pool when it has left since it was chosen.
    fn reach(&self, node: &Node) -> Reach {
        let pool = &self.client.pool;
        let reached = pool.reach(node, self.dial_timeout);
        // Who was told that it leaves has let go of its address before there was anything at it, and nobody will do so again.
        if !matches!(reached, Reach::Open(_)) && self.target.has_left(node) {
            pool.release(std::slice::from_ref(&node.address));
        }
        reached
    }

    /// How long it waits for a connection.
    fn dial_timeout(&self) -> Duration {
        let usual = self.client.options.dial_timeout;
        self.dial_timeout.unwrap_or(usual)
    }

    /// Starts `call` as soon as the peer takes another one.
    async fn start(
        &self,
        connection: &dyn Connection,
        call: &ClientCall,
    ) -> Result<Box<dyn FrameStream>> {
        let mut turn = None;
        loop {
            match connection.start(copy(call, turn.take())) {
                Ok(frames) => return Ok(frames),
                Err(Refused::Closed(error, _)) => return Err(error),
                Err(Refused::Busy(_)) => {
                    turn = Some(connection.ready().await.map_err(Error::unprocessed)?);
                }
            }
        }
    }

    fn none_chosen(&self) -> Error {
        let (name, registry) = (self.target.name(), self.client.registry.name());
        let text = format!("select: no node of {name:?} in registry {registry} may be chosen");
        Error::unavailable(text).unprocessed()
    }

    /// `error` with what is known of where it happened.
    pub(super) fn told(&self, error: Error, stage: Stage, node: &Node) -> Error {
        let registry = self.client.registry.name();
        told(error, stage, node, self.target.name(), registry)
    }
}

/// The call for a connection, while `call` stays for another try; its message is shared.
fn copy(call: &ClientCall, turn: Option<Turn>) -> ClientCall {
    let mut copy = call.clone();
    copy.turn = turn;
    copy
}

/// Lets the call go on to another node where that is safe.
fn fail(way: &mut Way, node: &Arc<Node>, error: Error) -> Result<()> {
    if error.is_unprocessed() {
        return way.fail(node, error);
    }
    Err(error)
}
