//! Which check it was that failed.

/// Names a check for as long as it runs, so that the output of a panic says which one it was.
#[derive(Debug)]
pub(super) struct Named {
    contract: &'static str,
    check: &'static str,
}

impl Named {
    /// `check` of the suite of `contract` begins.
    pub(super) fn begin(contract: &'static str, check: &'static str) -> Self {
        Self { contract, check }
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the {} failed the check `{}`", self.contract, self.check);
        }
    }
}
