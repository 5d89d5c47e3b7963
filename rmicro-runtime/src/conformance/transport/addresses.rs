//! Checks of listening and dialling.

use super::pair::{ANY, Pair};
use super::probe::Probe;
use super::served::table;
use crate::error::Code;
use crate::transport::Transport;

/// Port 0 becomes a real one, another for every listener, and it can be dialled.
pub async fn a_listener_tells_its_real_address<T: Transport>(transport: &T) {
    let (one, two) = (
        Pair::new(transport, vec![]).await,
        Pair::new(transport, vec![]).await,
    );
    assert_ne!(one.listener.address(), two.listener.address());
    for pair in [one, two] {
        assert!(!pair.listener.address().ends_with(":0"));
        assert!(pair.connection.is_open());
        pair.connection.ready().await.unwrap();
        pair.echo().await;
    }
}

/// Two listeners cannot share an address, and the second is told which it was.
pub async fn a_taken_address_is_an_error_that_names_it<T: Transport>(transport: &T) {
    let first = Pair::new(transport, vec![]).await;
    let address = first.listener.address();
    let routes = table(vec![], &Probe::default());
    let error = transport.listen(address, routes).await.unwrap_err();
    assert!(error.message().contains(address), "{error}");
    first.echo().await;
}

/// Whoever cannot be reached has processed nothing, so another node may be asked.
pub async fn nobody_at_an_address_is_unavailable_and_unprocessed<T: Transport>(transport: &T) {
    let routes = table(vec![], &Probe::default());
    let listener = transport.listen(ANY, routes).await.unwrap();
    let address = listener.address().to_owned();
    drop(listener);
    let error = loop {
        // A dropped listener may need its runtime's turn to close its socket.
        match transport.dial(&address).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    assert!(error.is_unprocessed(), "{error}");
}
