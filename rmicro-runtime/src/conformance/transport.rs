//! What every transport must do: the waist of the design, sentence by sentence, in frames and without a codec.
//!
//! A check makes a listener of its own, so the checks need no order; they wait for events and never sleep. The transport given
//! to them lets a peer send 64 KiB ahead on a stream, where it has such windows, and at least 1 MiB on a connection: hyper and h2
//! end a connection on which thousands of tiny frames wait unread in a small window.

pub mod addresses;
pub mod calls;
pub mod drains;
pub mod endings;
pub mod errors;
mod pair;
pub mod pressure;
mod probe;
mod served;
pub mod streams;

use std::time::Duration;

use crate::seam::Clock;
use crate::transport::Transport;

/// How long one check may take before it counts as hung.
const LIMIT: Duration = Duration::from_secs(30);

macro_rules! suite {
    ($($module:ident::$check:ident,)*) => {
        /// Runs every check, each against what `make` gives; it panics like a test, and says which check it was.
        ///
        /// ```
        /// use rmicro_runtime::conformance::transport;
        /// use rmicro_runtime::transport::Memory;
        ///
        /// # #[tokio::main(flavor = "current_thread")] async fn main() {
        /// transport::suite(Memory::new).await;
        /// # }
        /// ```
        pub async fn suite<T: Transport>(make: impl Fn() -> T) {
            $(check(stringify!($check), $module::$check(&make())).await;)*
        }
    };
}

suite! {
    addresses::a_listener_tells_its_real_address,
    addresses::a_taken_address_is_an_error_that_names_it,
    addresses::nobody_at_an_address_is_unavailable_and_unprocessed,
    calls::a_unary_call_gives_one_reply,
    calls::empty_messages_arrive,
    calls::a_message_of_one_mebibyte_arrives_whole,
    calls::the_head_arrives,
    calls::the_deadline_arrives,
    calls::metadata_arrives_in_lower_case_with_all_values,
    calls::reply_metadata_and_trailers_come_back,
    calls::a_handler_that_waits_holds_up_nobody,
    errors::every_code_comes_back_with_its_message,
    errors::details_and_metadata_come_back_with_an_error,
    errors::what_a_handler_did_not_reach_says_nothing_about_its_own_call,
    errors::an_unknown_method_is_unimplemented,
    errors::a_panic_is_internal_and_the_server_lives,
    errors::a_panic_in_mid_stream_delivers_what_was_sent,
    streams::a_server_stream_delivers_in_order_and_ends,
    streams::a_client_stream_gets_its_one_reply,
    streams::a_bidi_stream_answers_each_message,
    streams::a_stream_goes_on_while_its_client_does_nothing,
    streams::replies_go_on_after_the_client_has_ended,
    streams::metadata_leaves_when_the_handler_of_a_client_stream_first_waits,
    streams::metadata_of_a_server_stream_waits_for_its_first_reply,
    streams::metadata_after_it_left_is_an_error,
    streams::a_reply_leaves_when_its_handler_waits,
    endings::what_was_sent_before_the_end_is_delivered,
    endings::the_handlers_return_ends_the_call,
    endings::a_handler_may_fail_while_the_client_still_sends,
    endings::a_sender_kept_longer_gets_cancelled,
    endings::dropping_the_call_drops_the_handler,
    endings::a_sender_of_a_dropped_call_does_not_wait,
    endings::the_deadline_drops_a_handler_that_waits,
    pressure::a_sender_waits_only_while_the_limit_waits,
    pressure::dropping_a_waiting_send_sends_nothing,
    pressure::a_handler_that_nobody_reads_stands_still,
    pressure::a_client_that_nobody_reads_stands_still,
    pressure::many_calls_of_all_kinds_run_at_once,
    drains::an_idle_listener_drains_at_once,
    drains::a_drain_lets_running_calls_finish,
    drains::a_drain_refuses_new_calls_as_unprocessed,
    drains::the_limit_of_a_drain_cuts_what_is_left,
    drains::dropping_the_listener_cuts,
}

/// Runs one check within its limit.
async fn check(name: &'static str, check: impl Future<Output = ()>) {
    let _named = Named(name);
    let clock = Clock::default();
    let done = clock.until(clock.now().after(LIMIT), Box::pin(check)).await;
    assert!(done.is_some(), "{name} has hung for {LIMIT:?}");
}

/// Names the check that panics.
struct Named(&'static str);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the transport failed the check `{}`", self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::Memory;

    #[tokio::test]
    async fn memory_on_one_thread() {
        super::suite(Memory::new).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn memory_on_two_threads() {
        super::suite(Memory::new).await;
    }

    #[test]
    fn the_suite_runs_every_check() {
        let modules = [
            ("addresses", include_str!("transport/addresses.rs")),
            ("calls", include_str!("transport/calls.rs")),
            ("drains", include_str!("transport/drains.rs")),
            ("endings", include_str!("transport/endings.rs")),
            ("errors", include_str!("transport/errors.rs")),
            ("pressure", include_str!("transport/pressure.rs")),
            ("streams", include_str!("transport/streams.rs")),
        ];
        let suite = include_str!("transport.rs");
        for (module, text) in modules {
            let checks = text.split("pub async fn ").skip(1);
            let names: Vec<_> = checks.filter_map(|check| check.split_once('<')).collect();
            assert!(!names.is_empty());
            for (name, _) in names {
                assert!(suite.contains(&format!(" {module}::{name},")), "{name}");
            }
        }
    }
}
