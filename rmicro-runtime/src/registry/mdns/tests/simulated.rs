//! In a simulated network with a paused clock.

use super::fake::Fake;
use super::*;
use crate::registry::mdns::wire::Message;
use crate::seam::{Clock, Interface, Moment, Net};

/// An interface as the system would tell of it; only the seam can make one, so loopback is taken.
fn interface(name: &str, index: u32, address: [u8; 4]) -> Interface {
    let mut all = Net::default().interfaces().unwrap();
    let mut interface = all.remove(0);
    interface.name = name.into();
    interface.index = index;
    interface.address = address.into();
    interface
}

fn network() -> Fake {
    Fake::new(vec![interface("sim0", 1, [10, 0, 0, 1])])
}

fn registry(network: &Fake) -> Mdns {
    let seam = Seam {
        net: Net::new(network.clone()),
        chance: Chance::from_seed(1),
        ..Seam::default()
    };
    Mdns::new(MdnsConfig::default(), seam)
}

/// How long after `start` the next change comes, in tenths of a second.
async fn tenths(watch: &mut Watch, start: Moment) -> (Action, u128) {
    let change = change(watch).await;
    let after = Clock::default().now().since(start);
    (change.action, after.as_millis().div_euclid(100))
}

/// How many announcements, goodbyes and questions were sent since the last look.
fn sent(network: &Fake) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    for packet in network.take_sent() {
        match wire::parse(&packet) {
            Some(Message::Response(nodes)) if nodes[0].ttl > 0 => counts.0 += 1,
            Some(Message::Response(_)) => counts.1 += 1,
            Some(Message::Query { .. }) => counts.2 += 1,
            None => panic!("not a message"),
        }
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn a_new_node_is_announced_at_0_1_and_3_seconds_and_a_renewal_once() {
    let (network, clock) = (network(), Clock::default());
    let registry = registry(&network);
    registry.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(sent(&network), (1, 0, 0));
    for (wait, announced) in [(900, 0), (200, 1), (1800, 0), (200, 1), (20_000, 0)] {
        clock.sleep(Duration::from_millis(wait)).await;
        assert_eq!(sent(&network), (announced, 0, 0), "after {wait} ms more");
    }
    registry.register(&greeter("a"), TTL).await.unwrap();
    clock.sleep(Duration::from_secs(20)).await;
    assert_eq!(sent(&network), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn leave_is_taken_twice_within_the_propagation_time() {
    let network = network();
    let registry = registry(&network);
    registry.register(&greeter("a"), TTL).await.unwrap();
    registry.deregister(&greeter("a")).await.unwrap();
    registry.deregister(&greeter("unknown")).await.unwrap();
    assert_eq!(sent(&network), (1, 1, 0));
    Clock::default().sleep(registry.propagation()).await;
    assert_eq!(sent(&network), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_renewed_lapses_here_and_there() {
    let network = network();
    let (here, there) = (registry(&network), registry(&network));
    let mut watch = there.watch("greeter").await.unwrap();
    let start = Clock::default().now();
    here.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(tenths(&mut watch, start).await, (Action::Create, 0));
    Clock::default().sleep(Duration::from_secs(30)).await;
    here.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(tenths(&mut watch, start).await, (Action::Delete, 900));
    for registry in [&here, &there] {
        let error = registry.get_service("greeter").await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
    }
}

#[tokio::test(start_paused = true)]
async fn a_ttl_below_a_second_holds_to_the_moment() {
    let network = network();
    let (here, there) = (registry(&network), registry(&network));
    let mut watch = there.watch("greeter").await.unwrap();
    let start = Clock::default().now();
    here.register(&greeter("a"), Duration::from_millis(300))
        .await
        .unwrap();
    assert_eq!(tenths(&mut watch, start).await, (Action::Create, 0));
    assert_eq!(tenths(&mut watch, start).await, (Action::Delete, 3));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_never_renews_is_asked_for_and_stays() {
    let network = network();
    let (go, there) = (registry(&network), registry(&network));
    // Without a TTL ours is announced like one of go-micro: 120 s, and never again.
    go.register(&greeter("a"), Duration::ZERO).await.unwrap();
    let mut watch = there.watch("greeter").await.unwrap();
    let start = Clock::default().now();
    // It was known from the beginning; the announcement after 1 s makes sure that all know.
    assert_eq!(tenths(&mut watch, start).await, (Action::Update, 9));
    Clock::default().sleep(Duration::from_secs(600)).await;
    assert_eq!(there.get_service("greeter").await.unwrap(), [greeter("a")]);
    let start = Clock::default().now();
    drop(go);
    let (action, after) = tenths(&mut watch, start).await;
    assert_eq!(action, Action::Delete);
    assert!((240..1200).contains(&after), "{after}");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_ends_when_the_answers_stop_and_else_with_its_window() {
    let (network, clock) = (network(), Clock::default());
    let registry = registry(&network);
    let start = clock.now();
    registry.get_service("greeter").await.unwrap_err();
    let whole = clock.now().since(start);
    assert_eq!(whole.as_millis().div_euclid(10), 10);
    assert_eq!(sent(&network), (0, 0, 2));
    registry.register(&greeter("a"), TTL).await.unwrap();
    let start = clock.now();
    registry.get_service("greeter").await.unwrap();
    let quiet = clock.now().since(start);
    assert!((25..30).contains(&quiet.as_millis()), "{quiet:?}");
}

#[tokio::test(start_paused = true)]
async fn with_the_registry_its_tasks_sockets_and_watches_end() {
    let network = network();
    let registry = registry(&network);
    let hub = Arc::downgrade(&registry.0);
    let clone = registry.clone();
    let mut watch = registry.watch("greeter").await.unwrap();
    clone.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(change(&mut watch).await.action, Action::Create);
    drop(registry);
    Clock::default().sleep(Duration::from_secs(10)).await;
    assert_eq!(network.open(), 1);
    drop(clone);
    assert!(next(&mut watch).await.is_none());
    assert!(hub.upgrade().is_none());
    // Tasks that were told to end do so when they are next run.
    Clock::default().sleep(Duration::from_millis(1)).await;
    assert_eq!(network.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_is_given_up_leaves_no_socket() {
    let network = network();
    let registry = registry(&network);
    let soon = Clock::default().now().after(Duration::from_millis(10));
    let lookup = registry.get_service("greeter");
    assert!(Clock::default().until(soon, lookup).await.is_none());
    Clock::default().sleep(Duration::from_millis(1)).await;
    assert_eq!(network.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_broken_interface_does_not_disturb_the_others() {
    let interfaces = vec![
        interface("sim0", 1, [10, 0, 0, 1]),
        interface("broken", 2, [10, 1, 0, 1]),
        // A second address is no second interface.
        interface("sim0", 1, [10, 2, 0, 1]),
    ];
    let network = Fake::new(interfaces);
    let registry = registry(&network);
    registry.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(
        registry.get_service("greeter").await.unwrap(),
        [greeter("a")]
    );
    assert_eq!(sent(&network), (1, 0, 1));
    assert_eq!(registry.toward(), Some(IpAddr::V4(*GROUP.ip())));
}

#[tokio::test(start_paused = true)]
async fn an_interface_that_comes_later_is_used_and_one_that_went_is_not() {
    let (network, clock) = (network(), Clock::default());
    let registry = registry(&network);
    registry.register(&greeter("a"), TTL).await.unwrap();
    network.change_to(Vec::new());
    clock.sleep(Duration::from_secs(6)).await;
    assert!(registry.get_service("greeter").await.is_err());
    assert_eq!(network.open(), 0);
    network.change_to(vec![interface("sim1", 2, [10, 1, 0, 1])]);
    clock.sleep(Duration::from_secs(6)).await;
    assert_eq!(
        registry.get_service("greeter").await.unwrap(),
        [greeter("a")]
    );
    clock.sleep(Duration::from_millis(1)).await;
    assert_eq!(network.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_any_interface_the_error_says_so() {
    let registry = registry(&Fake::new(Vec::new()));
    let failures = [
        registry.register(&greeter("a"), TTL).await.unwrap_err(),
        registry.get_service("greeter").await.unwrap_err(),
        registry.list_services().await.unwrap_err(),
        registry.watch("greeter").await.err().unwrap(),
    ];
    for error in failures {
        assert_eq!(error.code(), Code::Unavailable);
        assert!(error.message().contains("there is no interface"), "{error}");
    }
    assert_eq!(registry.toward(), None);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_does_not_read_gets_an_error_and_goes_on() {
    let network = network();
    let registry = registry(&network);
    let mut watch = registry.watch("greeter").await.unwrap();
    for number in 0..300 {
        registry
            .register(&greeter(&format!("n{number}")), TTL)
            .await
            .unwrap();
    }
    Clock::default().sleep(Duration::from_millis(1)).await;
    let error = next(&mut watch).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!(change(&mut watch).await.action, Action::Create);
}

#[tokio::test(start_paused = true)]
async fn a_response_is_never_answered() {
    let network = network();
    let registry = registry(&network);
    registry.register(&greeter("a"), TTL).await.unwrap();
    let net = Net::new(network.clone());
    let socket = net.datagram(&net.interfaces().unwrap()[0]).unwrap();
    let mut question = wire::query(9, &wire::Question::pointer("greeter.micro")).unwrap();
    let mut buffer = [0; 2048];
    for (flags, answered) in [(0x80, false), (0, true)] {
        question[2] = flags;
        socket.send_to(&question, GROUP.into()).await.unwrap();
        let soon = Clock::default().now().after(Duration::from_millis(50));
        let reply = Clock::default()
            .until(soon, socket.recv_from(&mut buffer))
            .await;
        assert_eq!(reply.is_some(), answered);
    }
    assert_eq!(buffer[..2], [0, 9]);
}
