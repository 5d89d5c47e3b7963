//! The codecs that one client or server knows, by name.

use crate::codec::{Codec, Proto};
use crate::error::{Error, Result};

/// The codecs that may be asked for; a codec keeps no state, so it is a static.
#[derive(Clone, Debug)]
pub(crate) struct Codecs(Vec<&'static dyn Codec>);

impl Codecs {
    /// The codec called `name`.
    pub(crate) fn find(&self, name: &str) -> Result<&'static dyn Codec> {
        self.0
            .iter()
            .find(|codec| codec.name() == name)
            .copied()
            .ok_or_else(|| {
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
        Self(vec![&Proto])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_codec_is_an_error_that_lists_the_known() {
        let error = Codecs::default().find("yaml").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the codec \"yaml\" is not known here; known are: proto"
        );
    }
}
