//! Makes the comments of a file such as prost-build can read them.

use std::collections::HashSet;

use prost_types::source_code_info::Location;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

/// Ends each comment's lines in one way, and gives everything in `proto` a place, which prost-build takes for granted.
pub(crate) fn prepare(proto: &mut FileDescriptorProto) {
    let paths = paths(proto);
    let Some(info) = &mut proto.source_code_info else {
        return;
    };
    for location in &mut info.location {
        end_lines(&mut location.leading_comments);
        end_lines(&mut location.trailing_comments);
        location.leading_detached_comments.clear();
    }
    let known: HashSet<Vec<i32>> = info
        .location
        .iter()
        .map(|location| location.path.clone())
        .collect();
    let missing = paths.into_iter().filter(|path| !known.contains(path));
    info.location.extend(missing.map(|path| Location {
        path,
        ..Location::default()
    }));
}

/// A carriage return alone would end a line comment in the middle of it.
fn end_lines(comment: &mut Option<String>) {
    if let Some(text) = comment.as_mut().filter(|text| text.contains('\r')) {
        *text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
}

/// The paths of everything that may have a comment, by the numbers of the descriptors' fields.
fn paths(proto: &FileDescriptorProto) -> Vec<Vec<i32>> {
    let mut paths = Vec::new();
    for (index, message) in (0..).zip(&proto.message_type) {
        add_message(vec![4, index], message, &mut paths);
    }
    for (index, item) in (0..).zip(&proto.enum_type) {
        add_enum(vec![5, index], item, &mut paths);
    }
    for (index, service) in (0..).zip(&proto.service) {
        add_each(&[6, index], 2, service.method.len(), &mut paths);
        paths.push(vec![6, index]);
    }
    paths
}

fn add_message(path: Vec<i32>, message: &DescriptorProto, paths: &mut Vec<Vec<i32>>) {
    add_each(&path, 2, message.field.len(), paths);
    add_each(&path, 8, message.oneof_decl.len(), paths);
    for (index, nested) in (0..).zip(&message.nested_type) {
        add_message(inside(&path, 3, index), nested, paths);
    }
    for (index, item) in (0..).zip(&message.enum_type) {
        add_enum(inside(&path, 4, index), item, paths);
    }
    paths.push(path);
}

fn add_enum(path: Vec<i32>, item: &EnumDescriptorProto, paths: &mut Vec<Vec<i32>>) {
    add_each(&path, 2, item.value.len(), paths);
    paths.push(path);
}

fn add_each(path: &[i32], field: i32, count: usize, paths: &mut Vec<Vec<i32>>) {
    paths.extend((0..).take(count).map(|index| inside(path, field, index)));
}

fn inside(path: &[i32], field: i32, index: i32) -> Vec<i32> {
    [path, &[field, index]].concat()
}

#[cfg(test)]
mod tests {
    use prost_types::SourceCodeInfo;

    use super::*;

    #[test]
    fn lines_end_in_one_way_and_everything_has_a_place() {
        let location = Location {
            path: vec![4, 0],
            leading_comments: Some("a\r\nb\rc".to_owned()),
            ..Location::default()
        };
        let mut proto = FileDescriptorProto {
            message_type: vec![DescriptorProto {
                oneof_decl: vec![Default::default()],
                ..Default::default()
            }],
            source_code_info: Some(SourceCodeInfo {
                location: vec![location],
            }),
            ..FileDescriptorProto::default()
        };
        prepare(&mut proto);
        let locations = proto.source_code_info.unwrap().location;
        assert_eq!(locations[0].leading_comments(), "a\nb\nc");
        assert_eq!(locations[1].path, [4, 0, 8, 0]);
        assert_eq!(locations.len(), 2);
    }
}
