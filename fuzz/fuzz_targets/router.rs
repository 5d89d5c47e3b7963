//! Whatever is served is found by its full name, and nothing is found that is not served.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rmicro_runtime::Code;
use rmicro_runtime::fuzzing::router::route;

fuzz_target!(|input: (Vec<(u8, u8, u8)>, &str)| {
    let (picks, path) = input;
    let methods: Vec<_> = picks.into_iter().take(8).map(method).collect();
    match route(&methods, path) {
        Ok(found) => {
            assert!(methods.contains(&found), "{path} led to {found:?}");
            assert!(path.ends_with(&found.1), "{path} led to {found:?}");
        }
        Err(error) => assert_eq!(error.code(), Code::Unimplemented),
    }
    for (service, method) in &methods {
        let found = route(&methods, &format!("/{service}/{method}")).expect("it is served");
        assert_eq!((&found.0, &found.1), (service, method));
    }
});

/// A name that a proto may have, out of few, so that many are alike.
fn method((packages, service, method): (u8, u8, u8)) -> (String, String) {
    let packages = (0..packages % 4).map(|depth| ["a.", "b.", "Greeter."][usize::from(depth % 3)]);
    let service = ["Greeter", "a", "A_1"][usize::from(service % 3)];
    let method = ["Hello", "a", "Greeter"][usize::from(method % 3)];
    (packages.collect::<String>() + service, method.to_owned())
}
