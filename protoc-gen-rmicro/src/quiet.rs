//! Turns a panic of a library into a text, without the message that a panic prints.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic becomes its text.
///
/// The panic hook is wrapped once, for good, and stays silent for this thread only while `work` runs.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static WRAP: Once = Once::new();
    WRAP.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                loud(info);
            }
        }));
    });
    let was_quiet = IS_QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(was_quiet);
    result.map_err(|payload| text(payload.as_ref()))
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("prost-build panicked without a word")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_text() {
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(catch(|| panic!("no")), Err::<(), _>("no".to_owned()));
        assert_eq!(
            catch(|| panic!("no {}", 1)),
            Err::<(), _>("no 1".to_owned())
        );
    }

    #[test]
    fn work_inside_of_work_does_not_end_the_silence() {
        let inside = catch(|| (catch(|| panic!("no")), IS_QUIET.get()));
        assert_eq!(inside, Ok((Err::<(), _>("no".to_owned()), true)));
        assert!(!IS_QUIET.get());
    }
}
