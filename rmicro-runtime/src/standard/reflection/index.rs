//! Which file declares what.
//!
//! Where two services bring different files of one name, or declare one name twice, the first one's
//! wins; what only the other file declares is still found by its own name.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;

use super::short::{self, Short};
use crate::rpc::{Descriptor, File};
use crate::types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto,
};

/// What the files of some services declare.
#[derive(Debug, Default)]
pub(super) struct Index {
    services: Vec<&'static str>,
    files: BTreeMap<&'static str, &'static File>,
    /// Everything that has a full name.
    symbols: BTreeMap<String, Symbol>,
    /// By the message that is extended, and the number.
    extensions: BTreeMap<(String, i32), &'static File>,
    /// Services by their last name component.
    short: BTreeMap<&'static str, Short>,
}

#[derive(Debug)]
struct Symbol {
    file: &'static File,
    is_message: bool,
}

impl Index {
    /// The index of the files that declare the user's services and those that stand `behind` them,
    /// and of what these import.
    pub(super) fn new(own: &[&'static Descriptor], behind: &[&'static Descriptor]) -> Self {
        let all = || own.iter().chain(behind);
        let mut index = Self {
            services: all().map(|service| service.name()).collect(),
            short: short::of(own, behind),
            ..Self::default()
        };
        index.services.sort_unstable();
        let mut read = BTreeSet::new();
        for service in all() {
            index.add_file(service.file(), &mut read);
        }
        index
    }

    /// The full names of the services, sorted.
    pub(super) fn services(&self) -> &[&'static str] {
        &self.services
    }

    /// The file that others import as `name`.
    pub(super) fn file(&self, name: &str) -> Option<&'static File> {
        self.files.get(name).copied()
    }

    /// The file that declares what has the full name `symbol`.
    pub(super) fn declaring(&self, symbol: &str) -> Option<&'static File> {
        self.symbols.get(symbol).map(|symbol| symbol.file)
    }

    /// The file that declares a service by the short name `name`.
    pub(super) fn short(&self, name: &str) -> Option<&Short> {
        self.short.get(name)
    }

    /// The file that declares the extension `number` of the message `of`.
    pub(super) fn extending(&self, of: &str, number: i32) -> Option<&'static File> {
        self.extensions.get(&(of.to_owned(), number)).copied()
    }

    /// The numbers of the extensions of the message `of`, sorted; `None` when it is not known.
    pub(super) fn extensions_of(&self, of: &str) -> Option<Vec<i32>> {
        self.symbols.get(of).filter(|symbol| symbol.is_message)?;
        let all = (of.to_owned(), i32::MIN)..=(of.to_owned(), i32::MAX);
        let numbers = self.extensions.range(all).map(|((_, number), _)| *number);
        Some(numbers.collect())
    }

    /// Reads `file` and what it imports, unless that is among what was `read`, by its place in memory: of two files of one name
    /// either has imports of its own, and any number of ways may lead to each.
    fn add_file(&mut self, file: &'static File, read: &mut BTreeSet<*const File>) {
        let known = self.files.get(file.name());
        let is_known = known.is_some_and(|known| known.bytes() == file.bytes());
        if is_known || !read.insert(file) {
            return;
        }
        self.files.entry(file.name()).or_insert(file);
        // What cannot be read can still be asked for by its name.
        let proto = FileDescriptorProto::decode(file.bytes()).unwrap_or_default();
        let mut scope = Scope { index: self, file };
        let package = proto.package();
        for message in &proto.message_type {
            scope.add_message(package, message);
        }
        for declared in &proto.enum_type {
            scope.add_enum(package, declared);
        }
        for service in &proto.service {
            scope.add_service(package, service);
        }
        scope.add_extensions(package, &proto.extension);
        for import in file.imports() {
            self.add_file(import, read);
        }
    }
}

/// The index while one file is read into it.
struct Scope<'a> {
    index: &'a mut Index,
    file: &'static File,
}

impl Scope<'_> {
    fn add_message(&mut self, outer: &str, message: &DescriptorProto) {
        let name = join(outer, message.name());
        self.add(name.clone(), true);
        for field in &message.field {
            self.add(join(&name, field.name()), false);
        }
        for oneof in &message.oneof_decl {
            self.add(join(&name, oneof.name()), false);
        }
        for nested in &message.nested_type {
            self.add_message(&name, nested);
        }
        for declared in &message.enum_type {
            self.add_enum(&name, declared);
        }
        self.add_extensions(&name, &message.extension);
    }

    /// The values of an enum stand beside it, not in it.
    fn add_enum(&mut self, outer: &str, declared: &EnumDescriptorProto) {
        self.add(join(outer, declared.name()), false);
        for value in &declared.value {
            self.add(join(outer, value.name()), false);
        }
    }

    fn add_service(&mut self, package: &str, service: &ServiceDescriptorProto) {
        let name = join(package, service.name());
        for method in &service.method {
            self.add(join(&name, method.name()), false);
        }
        self.add(name, false);
    }

    fn add_extensions(&mut self, outer: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.add(join(outer, extension.name()), false);
            let of = extension.extendee().trim_start_matches('.').to_owned();
            let key = (of, extension.number());
            self.index.extensions.entry(key).or_insert(self.file);
        }
    }

    fn add(&mut self, name: String, is_message: bool) {
        let file = self.file;
        let symbol = || Symbol { file, is_message };
        self.index.symbols.entry(name).or_insert_with(symbol);
    }
}

fn join(outer: &str, name: &str) -> String {
    if outer.is_empty() {
        return name.to_owned();
    }
    format!("{outer}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{GOOGLE_PROTOBUF_API_PROTO, GOOGLE_PROTOBUF_DESCRIPTOR_PROTO};

    /// A file of that name that declares the message `a.<message>`, and an extension of it.
    fn file(name: &'static str, message: &str, number: i32) -> &'static File {
        let extension = FieldDescriptorProto {
            name: Some(format!("more_{number}")),
            extendee: Some(".a.Base".into()),
            number: Some(number),
            ..Default::default()
        };
        let proto = FileDescriptorProto {
            name: Some(name.into()),
            package: Some("a".into()),
            message_type: vec![DescriptorProto {
                name: Some(message.into()),
                extension: vec![extension],
                ..Default::default()
            }],
            ..Default::default()
        };
        Box::leak(Box::new(File::new(name, proto.encode_to_vec().leak(), &[])))
    }

    fn index(files: &[&'static File]) -> Index {
        let service = |file: &&'static File| -> &'static Descriptor {
            Box::leak(Box::new(Descriptor::new("a.Service", &[], file)))
        };
        Index::new(&files.iter().map(service).collect::<Vec<_>>(), &[])
    }

    #[test]
    fn everything_with_a_full_name_is_found() {
        let index = index(&[&GOOGLE_PROTOBUF_DESCRIPTOR_PROTO]);
        for symbol in [
            "google.protobuf.FileDescriptorProto",
            "google.protobuf.FileDescriptorProto.syntax",
            "google.protobuf.DescriptorProto.ExtensionRange",
            "google.protobuf.FieldDescriptorProto.Type",
            "google.protobuf.FieldDescriptorProto.TYPE_BOOL",
        ] {
            let file = index.declaring(symbol).map(File::name);
            assert_eq!(file, Some("google/protobuf/descriptor.proto"), "{symbol}");
        }
        for symbol in ["google.protobuf", "FileDescriptorProto", ""] {
            assert!(index.declaring(symbol).is_none(), "{symbol}");
        }
    }

    #[test]
    fn the_files_behind_a_file_are_known() {
        let index = index(&[&GOOGLE_PROTOBUF_API_PROTO]);
        assert!(index.file("google/protobuf/any.proto").is_some());
        assert!(index.declaring("google.protobuf.SourceContext").is_some());
    }

    #[test]
    fn extensions_are_found_by_what_they_extend() {
        let index = index(&[
            file("base.proto", "Base", 1000),
            file("more.proto", "More", 7),
        ]);
        assert_eq!(index.extensions_of("a.Base"), Some(vec![7, 1000]));
        assert_eq!(index.extensions_of("a.More"), Some(vec![]));
        assert_eq!(index.extensions_of("a.Absent"), None);
        assert_eq!(index.extending("a.Base", 7).unwrap().name(), "more.proto");
        assert!(index.extending("a.Base", 8).is_none());
        assert!(index.declaring("a.More.more_7").is_some());
    }

    #[test]
    fn of_two_files_of_one_name_the_first_has_the_name_and_both_are_read() {
        let (first, second) = (
            file("same.proto", "First", 1),
            file("same.proto", "Second", 2),
        );
        let index = index(&[first, second]);
        assert_eq!(index.file("same.proto").unwrap().bytes(), first.bytes());
        let found = index.declaring("a.Second").unwrap();
        assert_eq!(found.bytes(), second.bytes());
    }

    #[test]
    fn files_of_another_version_are_read_once_however_many_ways_lead_to_them() {
        let import = |of: &'static File, imports: [&'static File; 2]| -> &'static File {
            let imports = Box::leak(Box::new(imports));
            Box::leak(Box::new(File::new(of.name(), of.bytes(), imports)))
        };
        let level = |number: i32| format!("level{number}.proto").leak() as &'static str;
        let older: Vec<_> = (0..64)
            .map(|number| file(level(number), "Old", 1))
            .collect();
        let mut newer = file("bottom.proto", "Bottom", 2);
        for number in 0..64 {
            let of = || file(level(number), "New", 2);
            newer = import(of(), [import(of(), [newer; 2]), newer]);
        }
        let index = index(&[&older[..], &[newer]].concat());
        assert!(index.declaring("a.Bottom").is_some());
    }
}
