//! Load and pressure: nothing grows, nothing is lost, nothing is left behind, nobody waits for others.
//!
//! Clients and servers are processes of their own where memory is measured or descriptors run short; run with `--nocapture` to see
//! the numbers.

#![cfg(target_os = "linux")]

#[path = "load/cancels.rs"]
mod cancels;
#[path = "load/processes.rs"]
mod processes;

use processes::Node;
use tokio::sync::RwLock;

/// The load that measures times of others is alone; the rest may run together.
static LOAD: RwLock<()> = RwLock::const_new(());

const MIB: usize = 1 << 20;

#[tokio::test]
async fn a_gibibyte_each_way_past_a_slow_reader_costs_no_memory() {
    let _together = LOAD.read().await;
    let node = Node::start(None).await;
    let before = node.memory("VmRSS:");
    let tally = node.load("gibibyte").await;
    let growth = node.memory("VmHWM:") - before;
    println!("1 GiB both ways: {tally} node_growth={growth}");
    assert_eq!(tally.get("lost"), 0, "{tally}");
    assert!(tally.get("ms") < 60_000, "{tally}");
    assert!(tally.get("growth") < 32 * MIB, "the client grew: {tally}");
    assert!(growth < 32 * MIB, "the node grew by {growth}");
}

#[tokio::test]
async fn ten_thousand_streams_run_at_once_on_one_connection() {
    let _together = LOAD.read().await;
    let node = Node::start(Some(10_000)).await;
    let tally = node.load("streams").await;
    println!("10,000 streams: {tally}");
    assert_eq!(
        (tally.get("sent"), tally.get("lost")),
        (20_000, 0),
        "{tally}"
    );
}

#[tokio::test]
async fn a_thousand_connections_carry_calls() {
    let _together = LOAD.read().await;
    let node = Node::start(None).await;
    let tally = node.load("connections").await;
    println!("1,000 connections: {tally}");
    assert_eq!(
        (tally.get("sent"), tally.get("lost")),
        (10_000, 0),
        "{tally}"
    );
    assert!(tally.get("connections") >= 1000, "{tally}");
}

#[tokio::test]
async fn a_handler_that_computes_holds_up_nobody_on_its_connection() {
    let _alone = LOAD.write().await;
    let (node, quiet) = (Node::start(None).await, Node::start(None).await);
    for who in ["calls", "stream"] {
        let tally = node.load_beside(who, &quiet).await;
        println!("64 streams beside {who} of 50 ms: {tally}");
        assert_eq!(tally.get("lost"), 0, "{tally}");
        // On a machine that is busy with others, what a node does that never computes is allowed for, but not without end.
        let bound = match tally.get("quiet") {
            ..10_000 => 20_000,
            quiet => (quiet + 10_000).min(40_000),
        };
        assert!(tally.get("p99") < bound, "{who}: {tally}");
        // No clock: while one call computes for 50 ms, each of the others is answered once at least, as it rests for 10 ms and then waits
        // for no longer than the bound. A connection that waited for the one that computes would answer nobody.
        assert!(tally.get("beside") >= 64, "{who}: {tally}");
    }
}
