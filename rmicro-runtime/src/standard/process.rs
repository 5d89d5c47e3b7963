//! What the process uses, as its system tells it.

use std::fs;

/// The memory and the threads of the process; zero where nobody tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident memory, in bytes.
    pub(super) memory: u64,
    pub(super) threads: u64,
}

impl Usage {
    /// What is used now, from Linux's `/proc/self/status`, which counts memory in a unit of its own
    /// and not in pages of a size that is not told.
    pub(super) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status");
        status.map_or_else(|_| Self::default(), |status| Self::read(&status))
    }

    fn read(status: &str) -> Self {
        Self {
            memory: number(status, "VmRSS:").saturating_mul(1024),
            threads: number(status, "Threads:"),
        }
    }
}

/// The first number on the line that begins with `key`.
fn number(status: &str, key: &str) -> u64 {
    let mut values = status.lines().filter_map(|line| line.strip_prefix(key));
    let value = values
        .next()
        .and_then(|value| value.split_whitespace().next());
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_among_the_others() {
        let status = "Name:\tx\nVmHWM:\t  9000 kB\nVmRSS:\t    2300 kB\nThreads:\t5\nCpus:\t3\n";
        let memory = 2300 * 1024;
        assert_eq!(Usage::read(status), Usage { memory, threads: 5 });
    }

    #[test]
    fn what_nobody_tells_is_zero() {
        assert_eq!(Usage::read("Threads:\tmany\n"), Usage::default());
    }
}
