//! The codecs that one client or server knows, by name.

use std::sync::Arc;

#[cfg(feature = "json")]
use crate::codec::Json;
use crate::codec::{Codec, Proto};
use crate::error::{Error, Result};

/// The codecs of one client or server: `proto`, and `json` with the feature of that name.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use rmicro_runtime::codec::Json;
/// use rmicro_runtime::{ClientOptions, Codecs};
///
/// let mut options = ClientOptions::default();
/// options.codec = "json".into();
/// options.codecs = Codecs::default().with(Json::default().refuse_unknown());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Codecs(Vec<Arc<dyn Codec>>);

impl Codecs {
    /// These and `codec`, in place of the one that has its name; `proto` stays what it is.
    #[must_use]
    pub fn with(mut self, codec: impl Codec) -> Self {
        self.add(Arc::new(codec));
        self
    }

    pub(crate) fn add(&mut self, codec: Arc<dyn Codec>) {
        self.0.retain(|known| known.name() != codec.name());
        self.0.push(codec);
    }

    /// The codec called `name`.
    pub(crate) fn find(&self, name: &str) -> Result<&Arc<dyn Codec>> {
        let found = self.0.iter().find(|codec| codec.name() == name);
        found.ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|codec| codec.name()).collect();
            Error::unimplemented(format!(
                "the codec {name:?} is not known here; known are: {}",
                known.join(", ")
            ))
        })
    }
}

impl Default for Codecs {
    fn default() -> Self {
        Self(vec![
            Arc::new(Proto),
            #[cfg(feature = "json")]
            Arc::new(Json::default()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_codec_is_an_error_that_lists_the_known() {
        let error = Codecs::default().find("yaml").unwrap_err();
        let known = match cfg!(feature = "json") {
            true => "proto, json",
            false => "proto",
        };
        assert_eq!(
            error.to_string(),
            format!("the codec \"yaml\" is not known here; known are: {known}")
        );
    }

    #[cfg(feature = "json")]
    #[test]
    fn a_codec_takes_the_place_of_the_one_of_its_name() {
        let codecs = Codecs::default().with(Json::default().refuse_unknown());
        assert_eq!(codecs.0.len(), 2);
        let json = format!("{:?}", codecs.find("json").unwrap());
        assert!(json.contains("ignore_unknown: false"), "{json}");
    }
}
