//! Finds things in a file by what they are, for errors that say the line.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// What is found: a name that is declared, or the full name of a type that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing<'a> {
    Name(&'a str),
    Type(&'a str),
}

/// The path of the first thing in `proto` for which `is` holds, by the numbers of the descriptors' fields, and the thing.
pub(crate) fn first<'a>(
    proto: &'a FileDescriptorProto,
    is: &dyn Fn(Thing<'a>) -> bool,
) -> Option<(Vec<i32>, Thing<'a>)> {
    let mut search = Search {
        path: Vec::new(),
        is,
    };
    each(&proto.message_type, |index, message| {
        search.inside(4, index, |search| search.message(message))
    })
    .or_else(|| {
        each(&proto.enum_type, |index, item| {
            search.inside(5, index, |search| search.item(item))
        })
    })
    .or_else(|| {
        each(&proto.service, |index, service| {
            search.inside(6, index, |search| {
                search.thing(Thing::Name(service.name())).or_else(|| {
                    each(&service.method, |index, method| {
                        let types = [method.input_type(), method.output_type()].map(Thing::Type);
                        let [input, output] = types;
                        search.things(2, index, &[Thing::Name(method.name()), input, output])
                    })
                })
            })
        })
    })
}

type Found<'a> = Option<(Vec<i32>, Thing<'a>)>;

struct Search<'a, 's> {
    path: Vec<i32>,
    is: &'s dyn Fn(Thing<'a>) -> bool,
}

impl<'a> Search<'a, '_> {
    fn message(&mut self, message: &'a DescriptorProto) -> Found<'a> {
        self.thing(Thing::Name(message.name()))
            .or_else(|| {
                each(&message.field, |index, field| {
                    let things = [Thing::Name(field.name()), Thing::Type(field.type_name())];
                    self.things(2, index, &things)
                })
            })
            .or_else(|| {
                each(&message.oneof_decl, |index, oneof| {
                    self.things(8, index, &[Thing::Name(oneof.name())])
                })
            })
            .or_else(|| {
                each(&message.nested_type, |index, nested| {
                    self.inside(3, index, |search| search.message(nested))
                })
            })
            .or_else(|| {
                each(&message.enum_type, |index, item| {
                    self.inside(4, index, |search| search.item(item))
                })
            })
    }

    fn item(&mut self, item: &'a EnumDescriptorProto) -> Found<'a> {
        self.thing(Thing::Name(item.name())).or_else(|| {
            each(&item.value, |index, value| {
                self.things(2, index, &[Thing::Name(value.name())])
            })
        })
    }

    fn things(&mut self, field: i32, index: i32, things: &[Thing<'a>]) -> Found<'a> {
        self.inside(field, index, |search| {
            things.iter().find_map(|thing| search.thing(*thing))
        })
    }

    fn thing(&self, thing: Thing<'a>) -> Found<'a> {
        (self.is)(thing).then(|| (self.path.clone(), thing))
    }

    fn inside(
        &mut self,
        field: i32,
        index: i32,
        search: impl FnOnce(&mut Self) -> Found<'a>,
    ) -> Found<'a> {
        self.path.extend([field, index]);
        let found = search(self);
        self.path.truncate(self.path.len() - 2);
        found
    }
}

fn each<'a, T, F>(all: &'a [T], mut find: impl FnMut(i32, &'a T) -> Option<F>) -> Option<F> {
    (0..).zip(all).find_map(|(index, one)| find(index, one))
}

#[cfg(test)]
mod tests {
    use prost_types::{EnumValueDescriptorProto, FieldDescriptorProto};

    use super::*;

    #[test]
    fn the_path_leads_to_the_thing() {
        let field = FieldDescriptorProto {
            name: Some("f".into()),
            type_name: Some(".a.B".into()),
            ..Default::default()
        };
        let item = EnumDescriptorProto {
            value: vec![EnumValueDescriptorProto {
                name: Some("v".into()),
                ..Default::default()
            }],
            ..Default::default()
        };
        let nested = DescriptorProto {
            field: vec![field],
            enum_type: vec![item],
            ..Default::default()
        };
        let message = DescriptorProto {
            nested_type: vec![DescriptorProto::default(), nested],
            ..Default::default()
        };
        let proto = FileDescriptorProto {
            message_type: vec![message],
            ..Default::default()
        };
        for (thing, path) in [
            (Thing::Name("f"), &[4, 0, 3, 1, 2, 0][..]),
            (Thing::Type(".a.B"), &[4, 0, 3, 1, 2, 0]),
            (Thing::Name("v"), &[4, 0, 3, 1, 4, 0, 2, 0]),
        ] {
            let found = first(&proto, &|other| other == thing);
            assert_eq!(found, Some((path.to_vec(), thing)));
        }
        assert_eq!(first(&proto, &|thing| thing == Thing::Name("x")), None);
    }
}
