//! Uses what the proto calls deprecated; each line that has to warn, and no other, ends in a comment that says so.

use rmicro_runtime::{Client, Context, Result, Server};

mod common {
    include!(concat!(env!("GOLDEN"), "/deprecated/expected.common.rs"));
}

mod old {
    pub mod v1 {
        include!(concat!(
            env!("GOLDEN"),
            "/deprecated/expected.old.v1.rs"
        ));
    }
}

mod gone {
    include!(concat!(env!("GOLDEN"), "/deprecated_file/expected.rs"));
}

use old::v1::{self, Color, MixedService, New};

/// Uses everything once.
pub fn messages() {
    let _ = v1::Request::default(); // warns
    let _ = v1::Reply {}; // warns
    let _ = v1::Kind::Some; // warns
    let _ = v1::request::Part::default(); // warns
    let _ = v1::request::part::Level::High; // warns
    let _ = v1::new::Inside::default(); // warns
    let _ = v1::new::inside::Deep::default(); // warns
    let _ = v1::new::Mode::Unspecified as i32; // warns
    let _ = Color::Rouge; // warns
    let _ = Color::Red;
    let _ = common::Money::default(); // warns
    let _ = common::Basket::default();
    let new = New::default();
    let _ = new.name.len();
    let _ = new.text.len(); // warns
    let _ = new.number(); // accessors come from prost's macro, which marks none
    let _ = new.choice.is_some();
    let _ = gone::Thing::default(); // warns
    let _ = gone::Kind::Unspecified; // warns
}

/// Calls what is not to be called any more.
pub fn stubs(client: &Client) {
    let mixed = MixedService::new("mixed", client);
    drop(mixed.current(New::default()));
    drop(mixed.greet(Default::default())); // warns
    drop(mixed.collect()); // warns
    drop(mixed.watch(Default::default())); // warns
    drop(mixed.chat()); // warns
    let _ = v1::OldService::new("old", client); // warns
    let _ = gone::GoneService::new("gone", client); // warns
}

/// Whoever serves has to, as long as somebody calls.
struct Old;

impl v1::OldHandler for Old {
    async fn greet(&self, _ctx: Context, _request: v1::Request) -> Result<v1::Reply> { // warns
        Ok(Default::default())
    }
}

/// Serves it.
pub fn serve(server: &Server) -> Result<()> {
    v1::register_old_handler(server, Old)?;
    Ok(())
}
