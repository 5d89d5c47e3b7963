//! A service by its last name component alone, as the router takes it: `Greeter/Hello`.
//!
//! A client of reflection finds `Greeter` only in a file that declares it. So there is a file that
//! declares `greet.v1.Greeter` once more, without the package and with the same messages; nothing
//! lists it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use prost::Message as _;

use crate::rpc::{Descriptor, File};
use crate::types::FileDescriptorProto;

/// The file that declares a service by its short name.
#[derive(Debug)]
pub(super) struct Short {
    /// An encoded `google.protobuf.FileDescriptorProto`.
    pub(super) bytes: Bytes,
    /// The file that declares the service by its full name, which this one imports.
    pub(super) original: &'static File,
}

/// The services whose short name means them alone, by that name: of `own`, and of those that stand
/// `behind` them where none of `own` has the name.
pub(super) fn of(
    own: &[&'static Descriptor],
    behind: &[&'static Descriptor],
) -> BTreeMap<&'static str, Short> {
    let taken: BTreeSet<_> = own.iter().map(|service| service.short_name()).collect();
    let behind = behind.iter();
    let behind = behind.filter(|service| !taken.contains(service.short_name()));
    let mut named: BTreeMap<_, Vec<&'static Descriptor>> = BTreeMap::new();
    for service in own.iter().chain(behind) {
        named.entry(service.short_name()).or_default().push(service);
    }
    let alone = named
        .into_iter()
        .filter_map(|(name, services)| match *services {
            [service] => Some((name, Short::new(service)?)),
            _ => None,
        });
    alone.collect()
}

impl Short {
    /// `None` for a service without a package, whose short name is its own, and for one whose file
    /// does not tell of it.
    fn new(service: &'static Descriptor) -> Option<Self> {
        let original = service.file();
        let name = service.short_name();
        let file = FileDescriptorProto::decode(original.bytes()).ok()?;
        file.package.filter(|package| !package.is_empty())?;
        let mut declared = file.service.into_iter();
        let declared = declared.find(|declared| declared.name() == name)?;
        // The messages may be those of the imports as well.
        let mut dependency = vec![original.name().to_owned()];
        dependency.extend(file.dependency);
        let repeated = FileDescriptorProto {
            name: Some(format!("rmicro/short/{name}.proto")),
            dependency,
            service: vec![declared],
            syntax: Some("proto3".into()),
            ..FileDescriptorProto::default()
        };
        Some(Self {
            bytes: repeated.encode_to_vec().into(),
            original,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &'static str) -> &'static Descriptor {
        let (package, short) = name.rsplit_once('.').unwrap_or(("", name));
        let proto = FileDescriptorProto {
            package: Some(package.into()),
            dependency: vec!["messages.proto".into()],
            service: vec![crate::types::ServiceDescriptorProto {
                name: Some(short.into()),
                ..Default::default()
            }],
            ..Default::default()
        };
        let bytes = proto.encode_to_vec().leak();
        let file = Box::leak(Box::new(File::new(name, bytes, &[])));
        Box::leak(Box::new(Descriptor::new(name, &[], file)))
    }

    #[test]
    fn a_service_is_declared_again_without_its_package() {
        let short = of(&[service("greet.v1.Greeter")], &[]);
        let file = FileDescriptorProto::decode(short["Greeter"].bytes.clone()).unwrap();
        assert_eq!((file.package(), file.service[0].name()), ("", "Greeter"));
        assert_eq!(file.dependency, ["greet.v1.Greeter", "messages.proto"]);
    }

    #[test]
    fn a_name_that_could_mean_two_means_none_and_the_users_go_first() {
        let own = [
            service("a.Greeter"),
            service("b.Greeter"),
            service("a.Health"),
        ];
        let behind = [
            service("grpc.Health"),
            service("grpc.Other"),
            service("Debug"),
        ];
        let short = of(&own, &behind);
        assert_eq!(short.keys().collect::<Vec<_>>(), [&"Health", &"Other"]);
        assert_eq!(short["Health"].original.name(), "a.Health");
    }
}
