//! Offers the plugin's reviewed files, each beside what it needs.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

/// The code of one case, in a module of its own.
macro_rules! case {
    ($($name:ident)*) => {
        $(
            /// A case of one file.
            pub mod $name {
                include!(concat!(env!("GOLDEN"), "/", stringify!($name), "/expected.rs"));
            }
        )*
    };
}

case! {
    client_only
    collisions
    comments
    comments_wild
    custom_options
    deprecated_file
    edition_2023
    greeter
    keywords
    method_options
    no_package
    options_everywhere
    proto2
    server_only
    shapes
    stubs
    taken_names
    two_services
}

/// A case of two packages.
pub mod imports {
    /// Package `common`.
    pub mod common {
        include!(concat!(env!("GOLDEN"), "/imports/expected.common.rs"));
    }

    /// Package `shop`.
    pub mod shop {
        /// Package `shop.v1`.
        pub mod v1 {
            include!(concat!(env!("GOLDEN"), "/imports/expected.shop.v1.rs"));
        }
    }
}

/// A case of two packages with much that is deprecated.
pub mod deprecated {
    /// Package `common`.
    pub mod common {
        include!(concat!(env!("GOLDEN"), "/deprecated/expected.common.rs"));
    }

    /// Package `old`.
    pub mod old {
        /// Package `old.v1`.
        pub mod v1 {
            include!(concat!(
                env!("GOLDEN"),
                "/deprecated/expected.old.v1.rs"
            ));
        }
    }
}

/// A case of two files without a package.
pub mod no_package_imports {
    include!(concat!(
        env!("GOLDEN"),
        "/no_package_imports/expected.alone.rs"
    ));
    include!(concat!(
        env!("GOLDEN"),
        "/no_package_imports/expected.input.rs"
    ));
}

/// A case whose messages are elsewhere.
pub mod services_only {
    pub use crate::elsewhere::v1::Other as Request;

    include!(concat!(env!("GOLDEN"), "/services_only/expected.rs"));
}

/// A case that names another crate's messages.
pub mod externs {
    include!(concat!(env!("GOLDEN"), "/externs/expected.rs"));
}

/// What another crate has.
pub mod elsewhere {
    /// Package `elsewhere.v1`.
    pub mod v1 {
        use rmicro_runtime::codegen::{File, prost};

        /// A message.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
        #[prost(prost_path = "prost")]
        pub struct Other {}

        /// Nested messages in `Other`.
        pub mod other {
            pub use super::Other as Inner;
        }

        /// The file's descriptor.
        pub static ELSEWHERE_V1_OTHER_PROTO: File = File::new("elsewhere/v1/other.proto", b"", &[]);
    }
}
