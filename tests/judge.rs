//! The frame of our cases against a foreign peer: each runs alone and ends in one line, which `tests/foreign/lib.sh` counts.

use std::time::Duration;

use rmicro_runtime::call::BoxFuture;
use rmicro_runtime::registry::{Memory, Node, Registry, ServiceInfo};
use rmicro_runtime::{Error, Result, Service, ServiceBuilder};
use tokio::time::timeout;

/// A case by its name. It fails by an error or a panic, so that it reads as a test does.
pub type Case<P> = (&'static str, fn(P) -> BoxFuture<'static, Result<()>>);

/// The functions as [`Case`]s.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), |peer| Box::pin($name(peer)))),*]
    };
}

/// How long one case may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs `cases` one after the other and prints `ok NAME` or `FAILED NAME: WHY` for each; a failed case never keeps the next from
/// running.
pub async fn run<P: Clone>(peer: &P, cases: &[Case<P>]) {
    for (name, case) in cases {
        let name = name.replace('_', " ");
        match failure(case(peer.clone())).await {
            None => println!("ok {name}"),
            Some(why) => println!("FAILED {name}: {why}"),
        }
    }
}

/// The cases that `names` names; all when it names none, or all but those that it names with a `-` in front. A name that is no
/// case is an error.
pub fn chosen<P>(all: &[Case<P>], names: impl IntoIterator<Item = String>) -> Result<Vec<Case<P>>> {
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for name in names {
        let (list, name) = match name.strip_prefix('-') {
            Some(name) => (&mut unwanted, name.to_owned()),
            None => (&mut wanted, name),
        };
        if all.iter().all(|case| case.0 != name) {
            return Err(Error::invalid_argument(format!(
                "there is no case {name:?}"
            )));
        }
        list.push(name);
    }
    let has = |list: &[String], case: &Case<P>| list.iter().any(|name| name == case.0);
    let chosen =
        |case: &&Case<P>| (wanted.is_empty() || has(&wanted, case)) && !has(&unwanted, case);
    Ok(all.iter().filter(chosen).copied().collect())
}

/// What calls the service `name`: at `peer`, which is `host:port`, or wherever the registry that `peer` names finds it.
pub async fn caller(name: &str, peer: &str) -> Result<ServiceBuilder> {
    let builder = Service::builder("judge");
    if !peer.contains(':') {
        return Ok(builder.registry(peer));
    }
    let registry = Memory::new();
    let node = Node::new(format!("{name}-1"), peer);
    let service = ServiceInfo::new(name, "latest").node(node);
    registry
        .register(&service, Duration::from_secs(3600))
        .await?;
    Ok(builder.registry(registry))
}

async fn failure(case: BoxFuture<'static, Result<()>>) -> Option<String> {
    match tokio::spawn(timeout(LIMIT, case)).await {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(format!("{error:?}")),
        Ok(Err(_)) => Some(format!("not done after {LIMIT:?}")),
        Err(ended) => Some(panic_text(ended)),
    }
}

fn panic_text(ended: tokio::task::JoinError) -> String {
    match ended.try_into_panic() {
        Err(cancelled) => cancelled.to_string(),
        Ok(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => panic
                .downcast_ref::<&str>()
                .copied()
                .unwrap_or("a panic")
                .to_owned(),
        },
    }
}
