//! Over real multicast on loopback; each test in a domain of its own.

use super::*;

fn registry(domain: &str) -> Mdns {
    let url = format!("mdns://{domain}?interface=lo");
    Mdns::from_url(&url, Seam::default()).unwrap()
}

#[tokio::test]
async fn two_registries_find_each_other() {
    let domain = domain();
    let (here, there) = (registry(&domain), registry(&domain));
    here.register(&greeter("a"), TTL).await.unwrap();
    there.register(&greeter("b"), TTL).await.unwrap();
    let both = greeter("a").node(greeter("b").nodes.remove(0));
    for registry in [&here, &there, &registry(&domain)] {
        let found = registry.get_service("greeter").await.unwrap();
        assert_eq!(found, std::slice::from_ref(&both));
    }
}

#[tokio::test]
async fn a_service_with_dots_in_its_name_is_found_and_listed() {
    let registry = registry(&domain());
    let mut service = greeter("go.micro.srv.greeter-1");
    service.name = "go.micro.srv.greeter".into();
    registry.register(&service, TTL).await.unwrap();
    registry.register(&greeter("a"), TTL).await.unwrap();
    let found = registry.get_service("go.micro.srv.greeter").await.unwrap();
    assert_eq!(found, [service]);
    let names = registry.list_services().await.unwrap();
    let names: Vec<_> = names.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["go.micro.srv.greeter", "greeter"]);
}

#[tokio::test]
async fn versions_and_nodes_are_sorted() {
    let registry = registry(&domain());
    for (version, id) in [("2", "c"), ("1", "b"), ("2", "a")] {
        let mut service = greeter(id);
        service.version = version.into();
        registry.register(&service, TTL).await.unwrap();
    }
    let found = registry.get_service("greeter").await.unwrap();
    let ids = found.iter().map(|service| {
        let ids: String = service.nodes.iter().map(|node| &*node.id).collect();
        (&*service.version, ids)
    });
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids, [("1", "b".to_owned()), ("2", "ac".to_owned())]);
}

#[tokio::test]
async fn another_domain_hears_nothing() {
    let (here, there) = (registry(&domain()), registry(&domain()));
    here.register(&greeter("a"), TTL).await.unwrap();
    let error = there.get_service("greeter").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(
        error
            .message()
            .starts_with("no node for \"greeter\" in registry mdns")
    );
    assert_eq!(there.list_services().await.unwrap(), []);
}

#[tokio::test]
async fn a_watch_tells_who_comes_changes_and_goes() {
    let domain = domain();
    let (here, there) = (registry(&domain), registry(&domain));
    let mut watch = there.watch("greeter").await.unwrap();
    here.register(&greeter("a"), TTL).await.unwrap();
    assert_eq!(
        change(&mut watch).await,
        Change::new(Action::Create, greeter("a"))
    );
    let mut moved = greeter("a");
    moved.nodes[0].address = "127.0.0.1:8081".into();
    // A renewal in between is not told.
    here.register(&greeter("a"), TTL).await.unwrap();
    here.register(&moved, TTL).await.unwrap();
    assert_eq!(
        change(&mut watch).await,
        Change::new(Action::Update, moved.clone())
    );
    here.deregister(&moved).await.unwrap();
    assert_eq!(change(&mut watch).await, Change::new(Action::Delete, moved));
    let error = there.get_service("greeter").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn who_was_there_before_the_watch_is_told_only_when_it_goes() {
    let domain = domain();
    let (here, there) = (registry(&domain), registry(&domain));
    here.register(&greeter("a"), TTL).await.unwrap();
    let mut watch = there.watch("greeter").await.unwrap();
    here.deregister(&greeter("a")).await.unwrap();
    assert_eq!(
        change(&mut watch).await,
        Change::new(Action::Delete, greeter("a"))
    );
}

#[tokio::test]
async fn a_process_that_died_is_told_when_its_ttl_has_passed() {
    let domain = domain();
    let (here, there) = (registry(&domain), registry(&domain));
    let mut watch = there.watch("greeter").await.unwrap();
    here.register(&greeter("a"), Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(change(&mut watch).await.action, Action::Create);
    drop(here);
    assert_eq!(
        change(&mut watch).await,
        Change::new(Action::Delete, greeter("a"))
    );
    assert!(there.get_service("greeter").await.is_err());
}

#[tokio::test]
async fn what_cannot_be_announced_is_refused_as_a_whole() {
    let registry = registry(&domain());
    let named = Node::new("b", "localhost:1");
    let error = registry
        .register(&greeter("a").node(named), TTL)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let long = Node::new("x".repeat(64), "127.0.0.1:1");
    let error = registry
        .register(&greeter("a").node(long), TTL)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(registry.get_service("greeter").await.is_err());
}

#[test]
fn an_unknown_interface_is_told_with_the_known_ones() {
    let error = Mdns::from_url("mdns://x?interface=nope7", Seam::default()).unwrap_err();
    assert!(error.message().contains("\"nope7\""), "{error}");
    assert!(error.message().contains("known: lo"), "{error}");
}

#[test]
fn those_who_look_on_loopback_only_are_there() {
    let local = registry("x").toward().unwrap();
    assert_eq!(local, IpAddr::from(Ipv4Addr::LOCALHOST));
}
