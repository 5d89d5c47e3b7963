//! Durations add up: two texts in one say what they say apart.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::duration::parse;

fuzz_target!(|input: &str| {
    let (first, second) = input.split_once('|').unwrap_or((input, ""));
    let Some(duration) = parse(first) else { return };
    assert!(i64::try_from(duration.as_nanos()).is_ok(), "{first}");
    let plain = first.strip_prefix('+').unwrap_or(first);
    assert_eq!(parse(&format!("+{plain}")), Some(duration));
    if plain == "0" || second.starts_with('+') || second == "0" {
        return;
    }
    if let Some(more) = parse(second) {
        let sum = duration + more;
        let sum = i64::try_from(sum.as_nanos()).is_ok().then_some(sum);
        assert_eq!(parse(&format!("{first}{second}")), sum);
    }
    let nanos = format!("{}ns", duration.as_nanos());
    assert_eq!(parse(&nanos), Some(duration));
    assert_eq!(parse(&format!("{plain}0ns")), Some(duration));
});
