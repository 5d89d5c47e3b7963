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
    attributes
    client_only
    collisions
    comments
    comments_wild
    custom_options
    defaults
    deprecated_file
    edition_2023
    edition_2024
    enums
    extensions
    greeter
    groups
    keywords
    lints
    maps
    method_options
    names_of_rust
    names_of_the_prelude
    no_package
    options_everywhere
    packed
    proto2
    recursion
    server_only
    services
    services_elsewhere
    shapes
    stubs
    taken_names
    two_services
    well_known
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

/// A case of packages beside, above and below each other.
pub mod packages {
    /// Package `world`.
    pub mod world {
        include!(concat!(env!("GOLDEN"), "/packages/expected.world.rs"));

        /// Package `world.region`.
        pub mod region {
            include!(concat!(env!("GOLDEN"), "/packages/expected.world.region.rs"));

            /// Package `world.region.cluster`.
            pub mod cluster {
                include!(concat!(
                    env!("GOLDEN"),
                    "/packages/expected.world.region.cluster.rs"
                ));
            }
        }

        /// Package `world.type`.
        pub mod r#type {
            include!(concat!(env!("GOLDEN"), "/packages/expected.world.type.rs"));
        }
    }
}

/// A case of a type that comes by way of another file.
pub mod public_imports {
    /// Package `behind`.
    pub mod behind {
        include!(concat!(env!("GOLDEN"), "/public_imports/expected.behind.rs"));
    }

    /// Package `public`.
    pub mod public {
        /// Package `public.v1`.
        pub mod v1 {
            include!(concat!(
                env!("GOLDEN"),
                "/public_imports/expected.public.v1.rs"
            ));
        }
    }
}

/// A case of modules that are called like primitive types.
pub mod primitive_names {
    /// Package `primitive`.
    pub mod primitive {
        /// Package `primitive.v1`.
        pub mod v1 {
            include!(concat!(
                env!("GOLDEN"),
                "/primitive_names/expected.primitive.v1.rs"
            ));

            /// Package `primitive.v1.str`.
            pub mod str_ {
                include!(concat!(
                    env!("GOLDEN"),
                    "/primitive_names/expected.primitive.v1.str.rs"
                ));
            }
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
    use crate::elsewhere::v1::Other as Request;

    include!(concat!(env!("GOLDEN"), "/services_only/expected.rs"));
}

/// A case that names another crate's messages.
pub mod externs {
    include!(concat!(env!("GOLDEN"), "/externs/expected.rs"));
}

/// What another crate has.
#[allow(dead_code, unreachable_pub, unused_imports)]
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
