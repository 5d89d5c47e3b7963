//! The server under test, and how it is asked.

use std::time::Duration;

use rmicro_runtime::Result;
use rmicro_runtime::seam::Seam;
use rmicro_runtime::transport::{Grpc, GrpcConfig};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{hello, judge};

/// The server under test.
#[derive(Clone)]
pub(crate) struct Peer {
    /// The stub with every default.
    pub(crate) greeter: GreeterService,
    /// A stub that sends and takes messages of any size, so that the peer's limit is what is met.
    pub(crate) unlimited: GreeterService,
}

impl Peer {
    /// The server at `place`, which is `host:port` or a registry that knows it as `greeter`, called in `codec`.
    pub(crate) async fn new(place: &str, codec: &str) -> Result<Self> {
        let usual = judge::caller("greeter", place).await?;
        let usual = usual.client_codec(codec).build()?;
        let config = GrpcConfig::default().max_message_size(64 << 20);
        let transport = Grpc::new(Seam::default()).config(config);
        let unlimited = judge::caller("greeter", place)
            .await?
            .transport(transport)
            .client_codec(codec)
            .build()?;
        Ok(Self {
            greeter: GreeterService::new("greeter", usual.client()),
            unlimited: GreeterService::new("greeter", unlimited.client()),
        })
    }

    /// The answer to `name`.
    pub(crate) async fn ask(&self, name: &str) -> Result<String> {
        Ok(self.greeter.hello(hello(name)).await?.message)
    }

    /// A plain call must work: whatever came before has not harmed the connection.
    pub(crate) async fn must_be_well(&self) -> Result<()> {
        assert_eq!(self.ask("Ana").await?, "Hello, Ana!");
        Ok(())
    }

    /// How many calls the server has seen given up while they waited.
    pub(crate) async fn cancelled(&self) -> Result<usize> {
        let count = self.ask("cancelled").await?;
        Ok(count.parse().expect("the peer answers a number"))
    }

    /// Waits until the server has seen one more than `before`; the case's own limit ends it.
    pub(crate) async fn sees_a_cancel(&self, before: usize) -> Result<()> {
        while self.cancelled().await? <= before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}
