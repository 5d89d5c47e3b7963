//! Requests that look like protoc's, with what nobody would write in them.

use arbitrary::{Result, Unstructured};
use prost::Message;
use prost_types::compiler::CodeGeneratorRequest;
use prost_types::source_code_info::Location;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FieldDescriptorProto, FieldOptions, FileDescriptorProto, FileOptions, MessageOptions,
    MethodDescriptorProto, MethodOptions, OneofDescriptorProto, ServiceDescriptorProto,
    ServiceOptions, SourceCodeInfo,
};

/// Names that collide, that mean something in Rust, or that are none.
const NAMES: [&str; 33] = [
    "a", "A", "b", "Foo", "foo", "FOO", "foo_", "foo_bar", "FooBar", "fooBar", "_foo", "foo__bar",
    "self", "Self", "super", "crate", "type", "async", "gen", "Result", "Option", "Context", "Vec",
    "Box", "String", "Some", "None", "new", "clone", "value", "key", "FooEntry", "Default",
];

const BAD_NAMES: [&str; 7] = ["1a", "é", "a b", "", "_", "__", "r#type"];

const PACKAGES: [&str; 8] = [
    "",
    "a",
    "a.b",
    "a.b.Foo",
    "a.foo",
    "google.protobuf",
    "crate",
    "type.self",
];

const BAD_PACKAGES: [&str; 5] = ["a..b", ".", "a.", "a.1", "é"];

const FILES: [&str; 6] = [
    "a.proto",
    "b.proto",
    "a/b.proto",
    "a/B.proto",
    "1.proto",
    "google/protobuf/any.proto",
];

const BAD_FILES: [&str; 6] = [
    "",
    "a",
    "../a.proto",
    "google/protobuf/descriptor.proto",
    "é\n.proto",
    ".proto",
];

const PARAMETERS: [&str; 12] = [
    "",
    "json=false",
    "messages=false",
    "include_file=mod.rs",
    "extern_path=.a=::x",
    "bytes=.",
    "btree_map=.",
    "type_attribute=.=#[derive(PartialOrd)]",
    "field_attribute=.=#[",
    "client=false,server=false",
    "unimplemented_stubs",
    "include_file=a.rs",
];

const NUMBERS: [i32; 10] = [1, 2, 3, 0, -1, 15, 19_000, 536_870_911, i32::MAX, i32::MIN];

const TEXTS: [&str; 16] = [
    "",
    "0",
    "-1",
    "1.5",
    "nan",
    "inf",
    "-inf",
    "true",
    "FOO",
    "99999999999999999999",
    "\\",
    "\\377\\n\"",
    "\"",
    "```\nx",
    " [a](b) <c> *",
    "é\u{0}\n",
];

/// An encoded request.
pub(crate) fn request(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut maker = Maker {
        u,
        messages: Vec::new(),
        enums: Vec::new(),
    };
    let mut names: Vec<String> = Vec::new();
    let mut files = Vec::new();
    for _ in 0..maker.u.int_in_range(1..=3)? {
        let (name, bytes) = maker.file(&names)?;
        names.push(name);
        files.push(bytes);
    }
    let mut request = CodeGeneratorRequest {
        file_to_generate: names,
        parameter: Some(maker.pick(&PARAMETERS)?),
        ..CodeGeneratorRequest::default()
    }
    .encode_to_vec();
    for file in files {
        prost::encoding::bytes::encode(15, &file, &mut request);
    }
    Ok(request)
}

struct Maker<'a, 'b> {
    u: &'a mut Unstructured<'b>,
    /// What has been declared, by full names.
    messages: Vec<String>,
    enums: Vec<String>,
}

impl Maker<'_, '_> {
    fn file(&mut self, earlier: &[String]) -> Result<(String, Vec<u8>)> {
        let package = self.pick_or(&PACKAGES, &BAD_PACKAGES)?;
        let scope = if package.is_empty() {
            String::new()
        } else {
            format!(".{package}")
        };
        let name = self.pick_or(&FILES, &BAD_FILES)?;
        let mut dependency = if self.rarely()? {
            vec![self.pick(&FILES)?]
        } else {
            Vec::new()
        };
        if !self.rarely()? {
            dependency.extend(earlier.iter().cloned());
        }
        let syntax = self.pick_or(&["proto3", "proto2", "editions"], &["", "proto4"])?;
        let is_edition = syntax == "editions";
        let file = FileDescriptorProto {
            name: Some(name.clone()),
            package: Some(package),
            dependency,
            public_dependency: self.maybe(|maker| maker.number())?.into_iter().collect(),
            message_type: self.several(3, |maker| maker.message(&scope, 0))?,
            enum_type: self.several(2, |maker| maker.enumeration(&scope))?,
            service: self.several(2, |maker| maker.service())?,
            extension: self.several(1, |maker| maker.field(0, 1))?,
            options: self.maybe(|maker| {
                Ok(FileOptions {
                    deprecated: Some(maker.u.arbitrary()?),
                    ..FileOptions::default()
                })
            })?,
            source_code_info: self.maybe(|maker| {
                Ok(SourceCodeInfo {
                    location: maker.several(4, Self::location)?,
                })
            })?,
            syntax: Some(syntax),
            ..FileDescriptorProto::default()
        };
        let mut bytes = file.encode_to_vec();
        // What prost-types lacks: the edition, and the features of a file.
        if is_edition {
            let edition = match self.rarely()? {
                true => *self.u.choose(&[998, 999, 1002, 0, -1, i32::MAX])?,
                false => self.u.int_in_range(1000..=1001)?,
            };
            prost::encoding::int32::encode(14, &edition, &mut bytes);
        }
        if self.u.arbitrary()? {
            prost::encoding::bytes::encode(8, &self.features()?, &mut bytes);
        }
        if self.rarely()? {
            bytes.extend(self.u.arbitrary::<[u8; 3]>()?);
        }
        Ok((name, bytes))
    }

    /// A file's options with nothing but features.
    fn features(&mut self) -> Result<Vec<u8>> {
        let (mut features, mut options) = (Vec::new(), Vec::new());
        for number in 1..=7 {
            if self.u.arbitrary()? {
                prost::encoding::int32::encode(
                    number,
                    &self.u.int_in_range(-1..=4)?,
                    &mut features,
                );
            }
        }
        prost::encoding::bytes::encode(50, &features, &mut options);
        Ok(options)
    }

    fn location(&mut self) -> Result<Location> {
        Ok(Location {
            path: self.several(4, |maker| maker.u.int_in_range(-1..=8))?,
            span: self.several(4, Self::number)?,
            leading_comments: self.maybe(Self::comment)?,
            trailing_comments: self.maybe(Self::comment)?,
            leading_detached_comments: self.several(1, Self::comment)?,
        })
    }

    fn comment(&mut self) -> Result<String> {
        if self.u.arbitrary()? {
            self.text()
        } else {
            Ok(self.u.arbitrary::<&str>()?.to_owned())
        }
    }

    fn message(&mut self, scope: &str, depth: usize) -> Result<DescriptorProto> {
        let name = self.name()?;
        let full = format!("{scope}.{name}");
        self.messages.push(full.clone());
        let oneof_decl = self.several(2, |maker| {
            Ok(OneofDescriptorProto {
                name: Some(maker.name()?),
                options: None,
            })
        })?;
        let nested = if depth < 30 { 2 } else { 0 };
        let mut nested_type = self.several(nested, |maker| maker.message(&full, depth + 1))?;
        let mut numbers = 1..;
        let mut field = self.several(5, |maker| {
            maker.field(oneof_decl.len(), numbers.next().unwrap_or(1))
        })?;
        for entry in self.several(1, Self::entry)? {
            field.push(FieldDescriptorProto {
                label: Some(if self.rarely()? { 1 } else { 3 }),
                r#type: Some(11),
                type_name: Some(format!("{full}.{}", entry.name())),
                ..self.field(0, 100)?
            });
            nested_type.push(entry);
        }
        Ok(DescriptorProto {
            nested_type,
            enum_type: self.several(1, |maker| maker.enumeration(&full))?,
            field,
            options: self.maybe(|maker| {
                Ok(MessageOptions {
                    map_entry: Some(maker.rarely()?),
                    deprecated: Some(true),
                    ..MessageOptions::default()
                })
            })?,
            name: Some(name),
            oneof_decl,
            ..DescriptorProto::default()
        })
    }

    /// The entry of a map, now and then not quite.
    fn entry(&mut self) -> Result<DescriptorProto> {
        let mut field = vec![self.field(0, 1)?, self.field(0, 2)?];
        if !self.rarely()? {
            for (field, name) in field.iter_mut().zip(["key", "value"]) {
                field.name = Some(name.to_owned());
                field.oneof_index = None;
                field.label = Some(1);
            }
            field[0].r#type = Some(*self.u.choose(&[3, 5, 8, 9, 13, 18])?);
            field[0].default_value = None;
        }
        Ok(DescriptorProto {
            name: Some(self.name()?),
            field,
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            }),
            ..DescriptorProto::default()
        })
    }

    /// A field, nearly always with the number `number`.
    fn field(&mut self, oneofs: usize, number: i32) -> Result<FieldDescriptorProto> {
        let is_odd = self.rarely()?;
        let is_in_oneof = oneofs > 0 && self.u.arbitrary()?;
        let mut r#type = self.u.int_in_range(1..=18)?;
        if (r#type == 14 && self.enums.is_empty()) || (r#type == 10 && !self.rarely()?) {
            r#type = 9;
        }
        let types = if r#type == 14 {
            &self.enums
        } else {
            &self.messages
        };
        let type_name = match r#type {
            10 | 11 | 14 if !types.is_empty() => Some(self.u.choose(types)?.clone()),
            _ => None,
        };
        let mut field = FieldDescriptorProto {
            name: Some(self.name()?),
            number: Some(number),
            label: Some(match is_in_oneof {
                true => 1,
                false => *self.u.choose(&[1, 3])?,
            }),
            r#type: Some(r#type),
            type_name,
            default_value: match self.rarely()? {
                true => Some(self.text()?),
                false => None,
            },
            oneof_index: match is_in_oneof {
                true => Some(self.u.int_in_range(0..=oneofs as i32 - 1)?),
                false => None,
            },
            json_name: self.maybe(Self::name)?,
            options: self.maybe(Self::field_options)?,
            ..FieldDescriptorProto::default()
        };
        if is_odd {
            self.spoil(&mut field)?;
        }
        Ok(field)
    }

    /// Makes `field` one that protoc would not write.
    fn spoil(&mut self, field: &mut FieldDescriptorProto) -> Result<()> {
        match self.u.int_in_range(0..=6)? {
            0 => field.number = self.maybe(Self::number)?,
            1 => field.label = self.maybe(|maker| maker.u.int_in_range(0..=4))?,
            2 => field.r#type = self.maybe(Self::number)?,
            3 => field.type_name = Some(self.type_name()?),
            4 => field.default_value = Some(self.text()?),
            5 => field.oneof_index = self.maybe(|maker| maker.u.int_in_range(-1..=2))?,
            _ => field.proto3_optional = self.maybe(|maker| maker.u.arbitrary())?,
        }
        Ok(())
    }

    fn field_options(&mut self) -> Result<FieldOptions> {
        Ok(FieldOptions {
            packed: self.maybe(|maker| maker.u.arbitrary())?,
            deprecated: self.maybe(|maker| maker.u.arbitrary())?,
            ctype: self.maybe(Self::number)?,
            ..FieldOptions::default()
        })
    }

    fn enumeration(&mut self, scope: &str) -> Result<EnumDescriptorProto> {
        let name = self.name()?;
        self.enums.push(format!("{scope}.{name}"));
        let value = |maker: &mut Self| {
            Ok(EnumValueDescriptorProto {
                name: Some(maker.name()?),
                number: maker.maybe(Self::number)?,
                options: None,
            })
        };
        Ok(EnumDescriptorProto {
            name: Some(name),
            value: self.several(4, value)?,
            options: self.maybe(|maker| {
                Ok(EnumOptions {
                    allow_alias: Some(maker.u.arbitrary()?),
                    ..EnumOptions::default()
                })
            })?,
            ..EnumDescriptorProto::default()
        })
    }

    fn service(&mut self) -> Result<ServiceDescriptorProto> {
        let method = |maker: &mut Self| {
            Ok(MethodDescriptorProto {
                name: Some(maker.name()?),
                input_type: Some(maker.type_name()?),
                output_type: Some(maker.type_name()?),
                client_streaming: maker.maybe(|maker| maker.u.arbitrary())?,
                server_streaming: maker.maybe(|maker| maker.u.arbitrary())?,
                options: maker.maybe(|maker| {
                    Ok(MethodOptions {
                        idempotency_level: Some(maker.number()?),
                        ..MethodOptions::default()
                    })
                })?,
            })
        };
        Ok(ServiceDescriptorProto {
            name: Some(self.name()?),
            method: self.several(3, method)?,
            options: self.maybe(|maker| {
                Ok(ServiceOptions {
                    deprecated: Some(maker.u.arbitrary()?),
                    ..ServiceOptions::default()
                })
            })?,
        })
    }

    /// One that was declared, nearly always.
    fn type_name(&mut self) -> Result<String> {
        if self.messages.is_empty() || self.rarely()? {
            self.name()
        } else {
            Ok(self.u.choose(&self.messages)?.clone())
        }
    }

    fn name(&mut self) -> Result<String> {
        if self.rarely()? {
            return Ok(self.u.arbitrary::<&str>()?.to_owned());
        }
        // Most of them are told apart by a number, or nothing would get past the checks.
        let name = self.pick_or(&NAMES, &BAD_NAMES)?;
        let number: u8 = self.u.arbitrary()?;
        Ok(if number < 200 {
            format!("{name}{number}")
        } else {
            name
        })
    }

    fn number(&mut self) -> Result<i32> {
        if self.u.arbitrary()? {
            self.u.int_in_range(1..=300)
        } else {
            Ok(*self.u.choose(&NUMBERS)?)
        }
    }

    fn text(&mut self) -> Result<String> {
        self.pick(&TEXTS)
    }

    fn pick(&mut self, from: &[&str]) -> Result<String> {
        Ok((*self.u.choose(from)?).to_owned())
    }

    /// One of `from`, rarely of `bad`.
    fn pick_or(&mut self, from: &[&str], bad: &[&str]) -> Result<String> {
        let from = if self.rarely()? { bad } else { from };
        self.pick(from)
    }

    /// About one time in a hundred, as a request has many places for it.
    fn rarely(&mut self) -> Result<bool> {
        Ok(self.u.arbitrary::<u8>()? > 252)
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.u.arbitrary()? {
            make(self).map(Some)
        } else {
            Ok(None)
        }
    }

    /// At most `most`, each from `make`; none when the choices have run out.
    fn several<T>(
        &mut self,
        most: usize,
        mut make: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = if self.u.is_empty() {
            0
        } else {
            self.u.int_in_range(0..=most)?
        };
        (0..count).map(|_| make(self)).collect()
    }
}
