//! What travels beside the messages: text and bytes, several values of a name, both ways.

use rmicro_runtime::{Code, Error};
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};

/// Runs each test in memory and over gRPC.
macro_rules! on_both_wires {
    ($(async fn $name:ident($wire:ident: Wire) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run($wire: Wire) $body

            #[tokio::test]
            async fn in_memory() {
                run(Wire::Memory).await;
            }

            #[tokio::test]
            async fn over_grpc() {
                run(Wire::Grpc).await;
            }
        }
    )*};
}

/// A Greeter that sends back what it was sent, in front of the reply and behind it.
fn echo() -> Scripted {
    Scripted::default().hello(|ctx, _| async move {
        let (front, behind) = (ctx.reply_metadata(), ctx.trailers());
        for bytes in ctx.metadata().get_all_bin("blob-bin") {
            front.append_bin("front-bin", &bytes)?;
            behind.append_bin("behind-bin", &bytes)?;
        }
        for text in ctx.metadata().get_all("text") {
            front.append("front", text)?;
            behind.append("behind", text)?;
        }
        front.insert_bin("one-bin", b"first")?;
        front.insert_bin("one-bin", b"last")?;
        behind.insert_bin("one-bin", b"last")?;
        Ok(reply(""))
    })
}

on_both_wires! {
    async fn bytes_travel_both_ways_in_any_number(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let every: Vec<u8> = (0..=255).collect();
        let call = rig.greeter.hello(hello("Ada"));
        let call = call.metadata_bin("blob-bin", &every).metadata_bin("Blob-Bin", b"");
        let reply = call.send().await.unwrap();
        let front: Vec<_> = reply.metadata.get_all_bin("front-bin").collect();
        let behind: Vec<_> = reply.trailers.get_all_bin("behind-bin").collect();
        assert_eq!(front, [&every[..], b""]);
        assert_eq!(behind, front);
        assert_eq!(reply.metadata.get_bin("one-bin").as_deref(), Some(&b"last"[..]));
        assert_eq!(reply.trailers.get_bin("one-bin").as_deref(), Some(&b"last"[..]));
    }

    async fn text_travels_both_ways_in_any_number(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let call = rig.greeter.hello(hello("Ada"));
        let call = call.metadata("text", "one").metadata("TEXT", "two, three");
        let reply = call.send().await.unwrap();
        for (metadata, name) in [(&reply.metadata, "front"), (&reply.trailers, "behind")] {
            let values: Vec<_> = metadata.get_all(name).collect();
            assert_eq!(values, ["one", "two, three"]);
        }
    }

    async fn an_error_carries_bytes_as_well(wire: Wire) {
        let failing = Scripted::default().hello(|ctx, _| async move {
            ctx.trailers().insert_bin("trailer-bin", [1])?;
            let mut metadata = rmicro_runtime::Metadata::new();
            metadata.insert_bin("why-bin", [0, 255])?;
            Err(Error::aborted("again").with_metadata(metadata))
        });
        let rig = Rig::new(wire, failing).await;
        let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(error.metadata().get_bin("why-bin").as_deref(), Some(&[0, 255][..]));
        assert_eq!(error.metadata().get_bin("trailer-bin").as_deref(), Some(&[1][..]));
    }

    async fn a_name_that_cannot_travel_is_the_error_of_its_call(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        for (name, text) in [
            ("blob-bin", "insert_bin"),
            ("grpc-timeout", "reserved"),
            ("timeout", "reserved"),
            ("x-content-type", "reserved"),
            ("a b", "letters"),
        ] {
            let call = rig.greeter.hello(hello("Ada")).metadata(name, "x");
            let error = call.await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{name}");
            assert!(error.message().contains(text), "{error}");
        }
        let call = rig.greeter.hello(hello("Ada")).metadata_bin("blob", b"x");
        assert_eq!(call.await.unwrap_err().code(), Code::InvalidArgument);
    }
}
