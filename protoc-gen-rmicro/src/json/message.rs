//! One message: the names of its fields, and a line for each to write and to read it.

use prost_types::DescriptorProto;
use prost_types::field_descriptor_proto::Label;

use super::FileJson;
use super::field::{Field, Format, Place};
use crate::error::Result;
use crate::layout::{Printer, literal};
use crate::shapes::json_name;

/// So many fields may take more lines than a function is to have.
const LONG: usize = 7;

impl FileJson<'_> {
    /// Adds what there is to say of the message `full`.
    pub(super) fn message(&mut self, full: &str, message: &DescriptorProto) -> Result<()> {
        let path = self.path_of(full)?;
        let fields = self.fields(full, message)?;
        self.used.insert("JsonMessage");
        self.is_long |= fields.len() > LONG;
        self.open_impl("JsonMessage", &path, full);
        if !fields.is_empty() {
            self.used.extend([
                "Deserializer",
                "Fields",
                "ReadResult",
                "Reader",
                "Serializer",
                "WriteResult",
                "Writer",
            ]);
            print_names(&mut self.items, message);
            print_required(&mut self.items, message);
            print_write(&mut self.items, &fields);
            print_read(&mut self.items, &fields);
        }
        self.items.leave("}");
        self.messages.push(path);
        Ok(())
    }
}

/// The fields by the names of JSON and of the proto.
fn print_names(out: &mut Printer, message: &DescriptorProto) {
    out.whole("");
    out.text("const FIELDS: Fields = &").open_list("[");
    out.each(&message.field, |out, field| {
        out.open_list("(").text(&literal(&json_name(field)));
        out.comma().text(&literal(field.name())).close_list(")");
    });
    out.close_list("]").text(";").end();
}

fn print_required(out: &mut Printer, message: &DescriptorProto) {
    let fields = message.field.iter().enumerate();
    let required = fields.filter(|(_, field)| field.label() == Label::Required);
    let places: Vec<String> = required.map(|(place, _)| place.to_string()).collect();
    if !places.is_empty() {
        out.whole("");
        let places = places.iter().map(String::as_str);
        out.text("const REQUIRED: &'static [usize] = &");
        out.filled(["[", "]"], ",", places).text(";").end();
    }
}

/// The function that writes each field; a oneof is written where its first field stands.
fn print_write(out: &mut Printer, fields: &[Field]) {
    out.whole("");
    out.whole("fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> WriteResult<S> {");
    out.enter();
    for (index, field) in fields.iter().enumerate() {
        let method = match &field.place {
            Place::Oneof { variant: _ } => {
                let is_first = !fields[..index].iter().any(|other| other.is_beside(field));
                if is_first {
                    print_write_oneof(out, field, &fields[index..]);
                }
                continue;
            }
            Place::Plain => "plain",
            Place::Required => "always",
            Place::Optional => "optional",
            Place::Repeated => "repeated",
            Place::Map => "map",
        };
        open_call(out, method, field).comma();
        member(out, "&", field).close_list(")").text("?;").end();
    }
    out.whole("Ok(())");
    out.leave("}");
}

/// Writes the oneof of `first`, whose fields are among `fields`.
fn print_write_oneof(out: &mut Printer, first: &Field, fields: &[Field]) {
    let is_in = |field: &&Field| field.is_beside(first);
    if fields.iter().filter(is_in).count() == 1 {
        out.text("if ").open_flush().text("let ");
        pattern(out, first).text(" = ").stop();
        member(out, "&", first).space().close().text("{").end();
        out.enter();
        open_call(out, "always", first).comma().text("value");
        out.close_list(")").text("?;").end();
        return out.leave("}");
    }
    out.text("match ").open_flush();
    member(out, "&", first).space().close().text("{").end();
    out.enter();
    for field in fields.iter().filter(is_in) {
        pattern(out, field).open_arm();
        open_call(out, "always", field).comma().text("value");
        out.close_list(")").text("?").close_arm().end();
    }
    out.whole("None => {}");
    out.leave("}");
}

/// `Some(super::shape::Kind::Circle(value))`
fn pattern<'a>(out: &'a mut Printer, field: &Field) -> &'a mut Printer {
    let variant = match &field.place {
        Place::Oneof { variant } => variant,
        _ => "",
    };
    out.open_flush().open_list("Some(");
    out.text(variant)
        .open_list("(")
        .text("value")
        .close_list(")");
    out.close_list(")").close()
}

/// `out.plain(0, Scalar`
fn open_call<'a>(out: &'a mut Printer, method: &str, field: &Field) -> &'a mut Printer {
    out.text("out.").text(method).open_list("(");
    out.text(&field.number.to_string()).comma();
    format(out, &field.format)
}

/// The function that reads the field of a number.
fn print_read(out: &mut Printer, fields: &[Field]) {
    out.whole("");
    out.whole("fn read<'de, D: Deserializer<'de>>(");
    out.whole("    &mut self,");
    out.whole("    field: usize,");
    out.whole("    from: Reader<'_, D>,");
    out.whole(") -> ReadResult<'de, D> {");
    out.enter();
    out.whole("match field {");
    out.enter();
    for field in fields {
        print_read_arm(out, field);
    }
    out.whole("_ => from.skip(),");
    out.leave("}");
    out.leave("}");
}

fn print_read_arm(out: &mut Printer, field: &Field) {
    let method = match &field.place {
        Place::Plain | Place::Required => "plain",
        Place::Optional => "optional",
        Place::Repeated => "repeated",
        Place::Map => "map",
        Place::Oneof { .. } => "one",
    };
    out.text(&field.number.to_string()).open_arm();
    out.text("from.").text(method).open_list("(");
    format(out, &field.format).comma();
    member(out, "&mut ", field);
    if let Place::Oneof { variant } = &field.place {
        out.comma().text(variant);
    }
    out.close_list(")").close_arm().end();
}

fn format<'a>(out: &'a mut Printer, format: &Format) -> &'a mut Printer {
    match format {
        Format::Message => out.text("Message"),
        Format::Scalar => out.text("Scalar"),
        Format::Enum { path } => {
            out.text("enumeration::").open_list("<");
            out.text(path).close_list(">").text("()")
        }
    }
}

/// `&self.name`
fn member<'a>(out: &'a mut Printer, borrow: &str, field: &Field) -> &'a mut Printer {
    out.text(borrow).open().text("self").join();
    out.text(".").text(&field.member).close()
}
