//! What a `.proto` file says about its services, as static data.

use std::fmt;

use crate::rpc::Method;

/// One `.proto` file: its own descriptor and the files that it imports.
///
/// Generated code has one static for each file, so that nothing is stored twice however many files import it.
pub struct File {
    name: &'static str,
    bytes: &'static [u8],
    imports: &'static [&'static File],
}

impl File {
    /// The file `name` whose `google.protobuf.FileDescriptorProto`, without source info, is `bytes`.
    pub const fn new(
        name: &'static str,
        bytes: &'static [u8],
        imports: &'static [&'static File],
    ) -> Self {
        Self {
            name,
            bytes,
            imports,
        }
    }

    /// The name by which other files import it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The encoded `google.protobuf.FileDescriptorProto`.
    pub const fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// The files that it imports.
    pub const fn imports(&self) -> &'static [&'static Self] {
        self.imports
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("File").field(&self.name).finish()
    }
}

/// One service: its full name, its methods and the file that declares it.
#[derive(Debug)]
pub struct Descriptor {
    name: &'static str,
    methods: &'static [Method],
    file: &'static File,
}

impl Descriptor {
    /// The service with the full proto name `name`, declared in `file`.
    pub const fn new(name: &'static str, methods: &'static [Method], file: &'static File) -> Self {
        Self {
            name,
            methods,
            file,
        }
    }

    /// The full proto name, for example `greet.v1.Greeter`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The methods, in the order of the file.
    pub const fn methods(&self) -> &'static [Method] {
        self.methods
    }

    /// The file that declares the service.
    pub const fn file(&self) -> &'static File {
        self.file
    }

    /// The name without the package, for example `Greeter`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// The method that is called `name` in the proto.
    pub fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|method| method.name() == name)
    }
}
