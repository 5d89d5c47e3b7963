//! Large inputs: what they cost grows with them and no faster.
//!
//! The input is one package in files of a hundred services, each with ten methods and a request and a reply for each method.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use prost::Message;
use prost_types::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, ServiceDescriptorProto,
};

const SERVICES_IN_A_FILE: usize = 100;

/// Four times the input may take eight times as long before this fails: quadratic growth would take sixteen. The best of some
/// runs is taken, and of processor time where the system tells it, so that what else runs on the machine matters little.
#[test]
fn the_time_grows_with_the_input_and_no_faster() {
    let (small, large) = (request(25, "json=true"), request(100, "json=true"));
    let best = |request: &[u8]| (0..4).map(|_| time(request)).min();
    let small_time = best(&small).unwrap();
    let large_time = best(&large).unwrap();
    assert!(
        large_time < small_time * 8,
        "25 services take {small_time:?}, 100 take {large_time:?}"
    );
}

/// `bench/run --scale` prints this: the program as protoc starts it, with its processor time and its peak of memory until it
/// has written the first byte, at best and at worst of five times.
#[test]
#[ignore = "a measurement, which says something in release alone"]
fn measure() {
    println!("| services | JSON | request, MB | code, MB | seconds | peak, MiB |");
    println!("| ---: | --- | ---: | ---: | ---: | ---: |");
    for json in [true, false] {
        for services in [1000, 2000, 4000] {
            let request = request(services, &format!("json={json}"));
            let runs: Vec<Measured> = (0..5).map(|_| run_program(&request)).collect();
            println!(
                "| {services} | {} | {:.1} | {:.1} | {:.2} | {:.0} |",
                if json { "yes" } else { "no" },
                request.len() as f64 / 1e6,
                runs[0].written as f64 / 1e6,
                runs.iter().map(|run| run.seconds).fold(f64::MAX, f64::min),
                runs.iter().map(|run| run.peak).fold(0.0, f64::max),
            );
        }
    }
}

fn time(request: &[u8]) -> Duration {
    let (start, processor) = (Instant::now(), processor_time("thread-self"));
    let response = protoc_gen_rmicro::run(request);
    let spent = match (processor, processor_time("thread-self")) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed(),
    };
    let response = CodeGeneratorResponse::decode(&response[..]).unwrap();
    assert_eq!(response.error, None);
    spent
}

/// What a thread has had of a processor; Linux tells it in nanoseconds.
fn processor_time(thread: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{thread}/schedstat")).ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

struct Measured {
    seconds: f64,
    peak: f64,
    written: usize,
}

/// A pipe holds less than the code, so the program is still there when its first byte has come.
fn run_program(request: &[u8]) -> Measured {
    let mut program = Command::new(env!("CARGO_BIN_EXE_protoc-gen-rmicro"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(request).unwrap();
    let mut written = vec![0];
    let mut out = program.stdout.take().unwrap();
    out.read_exact(&mut written).unwrap();
    let seconds = processor_time(&program.id().to_string()).unwrap();
    let peak = peak(program.id());
    out.read_to_end(&mut written).unwrap();
    assert!(program.wait().unwrap().success());
    Measured {
        seconds: seconds.as_secs_f64(),
        peak,
        written: written.len(),
    }
}

/// The most memory that a process has had so far, in MiB.
fn peak(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.unwrap().trim_end_matches("kB").trim().parse().unwrap();
    kib / 1024.0
}

/// A request for `services` services.
fn request(services: usize, options: &str) -> Vec<u8> {
    let numbers: Vec<usize> = (0..services).collect();
    let files = numbers.chunks(SERVICES_IN_A_FILE).enumerate();
    let files: Vec<_> = files.map(|(index, numbers)| file(index, numbers)).collect();
    let names = files.iter().map(|file| file.name().to_owned());
    CodeGeneratorRequest {
        file_to_generate: names.collect(),
        parameter: Some(options.to_owned()),
        proto_file: files,
        ..CodeGeneratorRequest::default()
    }
    .encode_to_vec()
}

fn file(index: usize, services: &[usize]) -> FileDescriptorProto {
    let messages = services.iter().flat_map(|service| {
        (0..10).flat_map(move |method| {
            let name = format!("S{service}M{method}");
            [request_of(&name), reply_of(&name)]
        })
    });
    let mut file = FileDescriptorProto {
        name: Some(format!("large/v1/f{index}.proto")),
        package: Some("large.v1".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: messages.collect(),
        service: services.iter().map(|number| service(*number)).collect(),
        ..FileDescriptorProto::default()
    };
    if index == 0 {
        file.enum_type.push(kind());
    } else {
        file.dependency.push("large/v1/f0.proto".to_owned());
    }
    file
}

fn service(number: usize) -> ServiceDescriptorProto {
    let method = |method| MethodDescriptorProto {
        name: Some(format!("Method{method}")),
        input_type: Some(format!(".large.v1.S{number}M{method}Request")),
        output_type: Some(format!(".large.v1.S{number}M{method}Reply")),
        server_streaming: Some(method == 9),
        ..MethodDescriptorProto::default()
    };
    ServiceDescriptorProto {
        name: Some(format!("Large{number}")),
        method: (0..10).map(method).collect(),
        ..ServiceDescriptorProto::default()
    }
}

fn request_of(name: &str) -> DescriptorProto {
    DescriptorProto {
        name: Some(format!("{name}Request")),
        field: vec![
            field("name", 1, Type::String),
            field("page_size", 2, Type::Int32),
            repeated(field("tags", 3, Type::String)),
            of("kind", 4, Type::Enum, ".large.v1.Kind"),
        ],
        ..DescriptorProto::default()
    }
}

fn reply_of(name: &str) -> DescriptorProto {
    let entry = DescriptorProto {
        name: Some("LabelsEntry".to_owned()),
        field: vec![
            field("key", 1, Type::String),
            field("value", 2, Type::String),
        ],
        options: Some(MessageOptions {
            map_entry: Some(true),
            ..MessageOptions::default()
        }),
        ..DescriptorProto::default()
    };
    let labels = format!(".large.v1.{name}Reply.LabelsEntry");
    let request = format!(".large.v1.{name}Request");
    DescriptorProto {
        name: Some(format!("{name}Reply")),
        field: vec![
            field("text", 1, Type::String),
            of("request", 2, Type::Message, &request),
            repeated(of("labels", 3, Type::Message, &labels)),
        ],
        nested_type: vec![entry],
        ..DescriptorProto::default()
    }
}

fn kind() -> EnumDescriptorProto {
    let value = |(name, number): (&str, i32)| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        ..EnumValueDescriptorProto::default()
    };
    EnumDescriptorProto {
        name: Some("Kind".to_owned()),
        value: [("KIND_UNSPECIFIED", 0), ("KIND_A", 1)].map(value).into(),
        ..EnumDescriptorProto::default()
    }
}

fn field(name: &str, number: i32, kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional as i32),
        r#type: Some(kind as i32),
        ..FieldDescriptorProto::default()
    }
}

fn of(name: &str, number: i32, kind: Type, of: &str) -> FieldDescriptorProto {
    FieldDescriptorProto {
        type_name: Some(of.to_owned()),
        ..field(name, number, kind)
    }
}

fn repeated(field: FieldDescriptorProto) -> FieldDescriptorProto {
    FieldDescriptorProto {
        label: Some(Label::Repeated as i32),
        ..field
    }
}
