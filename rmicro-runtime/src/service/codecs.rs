//! What is said of codecs before a service is made.

use std::sync::Arc;

use super::ServiceBuilder;
use crate::client::ClientOptions;
use crate::codec::Codec;
use crate::error::{Error, Result};

impl ServiceBuilder {
    /// Takes calls in `codec` too, and lets calls be made in it, in place of the codec that has its name.
    ///
    /// `proto` and `json` are there from the start; this is how JSON is read and written in another way than by default.
    ///
    /// ```
    /// # #[cfg(feature = "json")] {
    /// use rmicro_runtime::Service;
    /// use rmicro_runtime::codec::Json;
    ///
    /// let builder = Service::builder("greeter").codec(Json::default().refuse_unknown());
    /// # }
    /// ```
    pub fn codec(mut self, codec: impl Codec) -> Self {
        let codec: Arc<dyn Codec> = Arc::new(codec);
        self.0.client.codecs.add(codec.clone());
        // Only a server that has started refuses one.
        let _ = self.0.server.add_codec(codec);
        self
    }

    /// The codec that the calls of the service's client are in when they choose no other: `proto` by default, or `json`, which
    /// is `application/grpc+json` on the wire. One that is not known is an error of [`build`](Self::build).
    pub fn client_codec(mut self, name: impl Into<String>) -> Self {
        self.0.client.codec = name.into();
        self
    }
}

/// Refuses a codec of the client that is not known.
pub(super) fn check(client: &ClientOptions) -> Result<()> {
    let found = client.codecs.find(&client.codec);
    let known = found.map(drop);
    known.map_err(|error| Error::invalid_argument(format!("client_codec: {}", error.message())))
}

#[cfg(test)]
mod tests {
    use crate::Service;

    #[test]
    fn a_codec_of_the_client_that_is_not_known_is_an_error() {
        let builder = Service::builder("greeter")
            .registry("memory")
            .transport("memory");
        let error = builder.client_codec("yaml").build().unwrap_err();
        assert!(
            error
                .message()
                .starts_with("client_codec: the codec \"yaml\" is not known here"),
            "{error}"
        );
    }
}
