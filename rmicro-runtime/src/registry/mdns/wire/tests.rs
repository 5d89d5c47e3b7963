//! The golden packets of go-micro, and what no packet may do.

use super::*;
use crate::seam::Chance;

const QUERY: &str = "1234000000010000000000000767726565746572056d6963726f00000c0001";

const RESPONSE: &str = "0000840000010004000000000767726565746572056d6963726f00000c00010767726565\
    746572056d6963726f00000c000100000078003c2c677265657465722d35663863326431652d396237612d346333642d\
    386536662d3061316232633364346535660767726565746572056d6963726f002c677265657465722d35663863326431\
    652d396237612d346333642d386536662d3061316232633364346535660767726565746572056d6963726f0000210001\
    00000078000d000a00011f9005686f7374310005686f7374310000010001000000780004c0a8010a2c67726565746572\
    2d35663863326431652d396237612d346333642d386536662d3061316232633364346535660767726565746572056d69\
    63726f0000100001000000780083823738396361623536663234643264343934633439326334393534623261616165643\
    5353130613465326432616362346334653535623235323461353464323531306134623264326163656363636630336632\
    306338313363643762633934383266636363626339323632323561626263643239633963356130303535623431336365";

const WILDCARD: &str = "000084000001000400000000095f7365727669636573056d6963726f00000c0001095f73\
    65727669636573056d6963726f00000c00010000007800190767726565746572095f7365727669636573056d6963726f\
    000767726565746572095f7365727669636573056d6963726f000021000100000078000d000a0001270f05686f737431\
    0005686f7374310000010001000000780004000000000767726565746572095f7365727669636573056d6963726f0000\
    100001000000780000";

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

fn records() -> Records {
    Records {
        instance: "greeter-1.greeter.micro".into(),
        address: "192.168.1.10:8080".parse().unwrap(),
        ttl: 60,
        text: "ab".repeat(400),
    }
}

fn told(message: &[u8]) -> Vec<Records> {
    match parse(message) {
        Some(Message::Response(nodes)) => nodes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_golden_query_is_written_and_read() {
    let ours = query(0x1234, &Question::pointer("greeter.micro")).unwrap();
    assert_eq!(ours, bytes(QUERY));
    let Some(Message::Query { id, questions }) = parse(&ours) else {
        panic!("a query is expected");
    };
    assert_eq!((id, questions.len()), (0x1234, 1));
    assert_eq!(questions[0].name, "greeter.micro");
    assert!(questions[0].is_for_pointers() && !questions[0].is_for_node());
}

#[test]
fn the_golden_response_is_read() {
    let nodes = told(&bytes(RESPONSE));
    let id = "greeter-5f8c2d1e-9b7a-4c3d-8e6f-0a1b2c3d4e5f";
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].instance, format!("{id}.greeter.micro"));
    assert_eq!(nodes[0].address, "192.168.1.10:8080".parse().unwrap());
    assert_eq!((nodes[0].ttl, nodes[0].text.len()), (120, 130));
}

#[test]
fn the_golden_wildcard_with_its_empty_text_is_read() {
    let nodes = told(&bytes(WILDCARD));
    assert_eq!(nodes[0].instance, "greeter._services.micro");
    assert_eq!(nodes[0].address, "0.0.0.0:9999".parse().unwrap());
    assert_eq!(nodes[0].text, "");
}

#[test]
fn a_reply_echoes_id_and_question_and_comes_back() {
    for address in ["127.0.0.1:80", "[fd00::1]:80"] {
        let mut records = records();
        records.address = address.parse().unwrap();
        let reply = reply(7, &Question::pointer("greeter.micro"), &records).unwrap();
        // Id 7, QR and AA, one question, four answers: pointer, service, address, text.
        let header = [0, 7, 0x84, 0, 0, 1, 0, 4, 0, 0, 0, 0];
        assert_eq!(reply[..HEADER], header);
        assert_eq!(reply[HEADER..][..19], bytes(QUERY)[HEADER..]);
        assert_eq!(told(&reply), [records]);
    }
}

#[test]
fn an_announcement_has_no_question() {
    let announcement = announcement(&records()).unwrap();
    assert_eq!(
        announcement[..HEADER],
        [0, 0, 0x80, 0, 0, 0, 0, 3, 0, 0, 0, 0]
    );
    assert_eq!(told(&announcement), [records()]);
}

#[test]
fn a_text_without_bytes_is_one_empty_string() {
    let mut records = records();
    records.text.clear();
    let announcement = announcement(&records).unwrap();
    assert!(announcement.ends_with(&[0, 1, 0]));
    assert_eq!(told(&announcement), [records]);
}

#[test]
fn an_incomplete_node_is_not_told() {
    let whole = bytes(WILDCARD);
    // The records after the service are cut off and the count says so.
    let mut cut = whole[..133].to_vec();
    cut[7] = 2;
    assert!(parse(&cut).is_some());
    assert_eq!(told(&cut), []);
}

#[test]
fn counts_that_cannot_be_true_are_refused() {
    let mut lie = bytes(QUERY);
    lie[6..8].copy_from_slice(&[0xff, 0xff]);
    assert!(parse(&lie).is_none());
    assert!(parse(&lie[..11]).is_none());
}

#[test]
fn hostile_bytes_never_panic() {
    let chance = Chance::from_seed(5353);
    let seeds = [QUERY, RESPONSE, WILDCARD].map(bytes);
    for round in 0..60_000 {
        let mut message = seeds[round % seeds.len()].clone();
        for _ in 0..=chance.below(8) {
            let at = chance.below(message.len());
            // Pointers and lengths are the bytes that lead astray.
            message[at] = [0xc0, 0xff, 0, 63, 64, chance.below(256) as u8][chance.below(6)];
        }
        message.truncate(message.len() - chance.below(message.len()) * usize::from(round % 5 == 0));
        if let Some(Message::Response(nodes)) = parse(&message) {
            nodes
                .iter()
                .for_each(|node| drop(node.node("greeter", "micro")));
        }
    }
    for _ in 0..20_000 {
        let noise: Vec<u8> = (0..chance.below(80))
            .map(|_| chance.below(256) as u8)
            .collect();
        drop(parse(&noise));
    }
}
