//! Latencies, counted in buckets that are at most 1.6 % wide.

use std::time::Duration;

/// Buckets within each doubling.
const STEPS: u64 = 64;

/// Counts durations; merging two is adding them.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    pub fn record(&mut self, duration: Duration) {
        let index = index(duration.as_nanos() as u64);
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += 1;
    }

    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    /// The nanoseconds below which `share` of the durations lie; 0 when there are none.
    pub fn quantile(&self, share: f64) -> u64 {
        let total: u64 = self.counts.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return value(index as u64);
            }
        }
        0
    }
}

fn index(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let shift = u64::from(nanos.ilog2() - STEPS.ilog2());
    ((shift + 1) * STEPS + (nanos >> shift) - STEPS) as usize
}

fn value(index: u64) -> u64 {
    if index < STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    (index % STEPS + STEPS) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_right_within_a_bucket() {
        let mut histogram = Histogram::default();
        for micros in 1..=1000 {
            histogram.record(Duration::from_micros(micros));
        }
        for (share, nanos) in [(0.5, 500_000.0), (0.99, 990_000.0)] {
            let quantile = histogram.quantile(share) as f64;
            assert!((quantile / nanos - 1.0).abs() < 0.02, "{quantile}");
        }
    }
}
