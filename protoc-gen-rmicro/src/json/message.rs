//! One message: the names of its fields, and a line for each to write and to read it.

use proc_macro2::{Literal, TokenStream};
use prost_types::DescriptorProto;
use prost_types::field_descriptor_proto::Label;
use quote::quote;

use super::FileJson;
use super::field::{Field, Place};
use crate::error::Result;
use crate::shapes::json_name;

/// So many fields may take more lines than a function is to have.
const LONG: usize = 7;

impl FileJson<'_> {
    /// Adds what there is to say of the message `full`.
    pub(super) fn message(&mut self, full: &str, message: &DescriptorProto) -> Result<()> {
        let path = self.path_of(full)?;
        let name = full.trim_start_matches('.');
        let fields = self.fields(full, message)?;
        self.used.insert("JsonMessage");
        self.is_long |= fields.len() > LONG;
        let (names, required) = (names(message), required(message));
        let functions = (!fields.is_empty()).then(|| {
            self.used.extend([
                "Deserializer",
                "Fields",
                "ReadResult",
                "Reader",
                "Serializer",
                "WriteResult",
                "Writer",
            ]);
            let (written, read) = (written(&fields), read(&fields));
            quote!(#names #required #written #read)
        });
        self.messages.push(path.clone());
        self.items.push(quote! {
            impl JsonMessage for #path {
                const NAME: &'static str = #name;
                #functions
            }
        });
        Ok(())
    }
}

/// The fields by the names of JSON and of the proto.
fn names(message: &DescriptorProto) -> TokenStream {
    let pairs = message.field.iter().map(|field| {
        let (json, proto) = (json_name(field), field.name());
        quote!((#json, #proto))
    });
    quote!(const FIELDS: Fields = &[#(#pairs),*];)
}

fn required(message: &DescriptorProto) -> Option<TokenStream> {
    let fields = message.field.iter().enumerate();
    let required = fields.filter(|(_, field)| field.label() == Label::Required);
    let places = required.map(|(place, _)| Literal::usize_unsuffixed(place));
    let places: Vec<Literal> = places.collect();
    (!places.is_empty()).then(|| quote!(const REQUIRED: &'static [usize] = &[#(#places),*];))
}

/// The function that writes each field; a oneof is written where its first field stands.
fn written(fields: &[Field]) -> TokenStream {
    let mut lines = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let (number, format, member) = (&field.number, &field.format, &field.member);
        let method = match &field.place {
            Place::Oneof { variant: _ } => {
                let is_first = !fields[..index].iter().any(|other| other.is_beside(field));
                if is_first {
                    let oneof: Vec<&Field> = fields[index..]
                        .iter()
                        .filter(|other| other.is_beside(field))
                        .collect();
                    lines.push(written_oneof(member, &oneof));
                }
                continue;
            }
            Place::Plain => quote!(plain),
            Place::Required => quote!(always),
            Place::Optional => quote!(optional),
            Place::Repeated => quote!(repeated),
            Place::Map => quote!(map),
        };
        lines.push(quote!(out.#method(#number, #format, &self.#member)?;));
    }
    quote! {
        fn write<S: Serializer>(&self, out: &mut Writer<'_, S>) -> WriteResult<S> {
            #(#lines)*
            Ok(())
        }
    }
}

fn written_oneof(member: &TokenStream, fields: &[&Field]) -> TokenStream {
    let arms = fields.iter().filter_map(|field| {
        let Place::Oneof { variant } = &field.place else {
            return None;
        };
        let (number, format) = (&field.number, &field.format);
        Some((
            quote!(Some(#variant(value))),
            quote!(out.always(#number, #format, value)?),
        ))
    });
    let arms: Vec<_> = arms.collect();
    if let [(pattern, call)] = arms.as_slice() {
        return quote!(if let #pattern = &self.#member { #call; });
    }
    let arms = arms.iter().map(|(pattern, call)| quote!(#pattern => #call));
    quote! {
        match &self.#member {
            #(#arms,)*
            None => {}
        }
    }
}

/// The function that reads the field of a number.
fn read(fields: &[Field]) -> TokenStream {
    let arms = fields.iter().map(|field| {
        let (number, format, member) = (&field.number, &field.format, &field.member);
        let call = match &field.place {
            Place::Plain | Place::Required => quote!(plain(#format, &mut self.#member)),
            Place::Optional => quote!(optional(#format, &mut self.#member)),
            Place::Repeated => quote!(repeated(#format, &mut self.#member)),
            Place::Map => quote!(map(#format, &mut self.#member)),
            Place::Oneof { variant } => quote!(one(#format, &mut self.#member, #variant)),
        };
        quote!(#number => from.#call)
    });
    quote! {
        fn read<'de, D: Deserializer<'de>>(&mut self, field: usize, from: Reader<'_, D>) -> ReadResult<'de, D> {
            match field {
                #(#arms,)*
                _ => from.skip(),
            }
        }
    }
}
