//! The parsers of this registry, for [`crate::fuzzing`].

use super::wire::{self, Message, Question};
use super::{name, txt};

/// Reads a packet; what it says has to be the same after it was written and read again.
pub fn packet(bytes: &[u8], service: &str, domain: &str) {
    match wire::parse(bytes) {
        Some(Message::Query { id, questions }) => {
            for question in questions.iter().filter(|question| is_plain(&question.name)) {
                let query = wire::query(id, question).expect("a plain name can be written");
                asks(&query, id, question);
            }
        }
        Some(Message::Response(nodes)) => {
            for records in nodes {
                let _ = records.node(service, domain);
                if is_plain(&records.instance) {
                    let packet = wire::announcement(&records).expect("a plain name can be written");
                    match wire::parse(&packet) {
                        Some(Message::Response(again)) => assert_eq!(again, [records]),
                        other => panic!("{records:?} became {other:?}"),
                    }
                }
            }
        }
        None => {}
    }
}

/// Reads a text; what it says has to be the same after it was written and read again.
pub fn text(text: &str) {
    if let Some(said) = txt::decode(text)
        && let Ok(text) = txt::encode(&said)
    {
        assert_eq!(txt::decode(&text), Some(said));
    }
}

fn asks(packet: &[u8], id: u16, question: &Question) {
    match wire::parse(packet) {
        Some(Message::Query {
            id: same,
            questions,
        }) => {
            assert_eq!(same, id);
            let [again] = &questions[..] else {
                panic!("{question:?} became {questions:?}");
            };
            assert_eq!(again.name, question.name);
            assert_eq!(again.is_for_node(), question.is_for_node());
            assert_eq!(again.is_for_pointers(), question.is_for_pointers());
        }
        other => panic!("{question:?} became {other:?}"),
    }
}

/// Whether a name is what its labels say: one may have a dot in a label, and a last dot means nothing.
fn is_plain(text: &str) -> bool {
    !text.ends_with('.') && name::to_dns(text).is_ok()
}
