//! The testee of protobuf's conformance runner: requests on stdin, answers on stdout, each after four bytes of its length, the
//! lowest first.

mod answer;

use std::io::{self, Read, Write};

use rmicro_runtime::codegen::prost::Message;

rmicro_runtime::include_protos!();

fn main() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = read(&mut stdin)? {
        let answer = answer::answer(&request).encode_to_vec();
        let length = u32::try_from(answer.len()).map_err(io::Error::other)?;
        stdout.write_all(&length.to_le_bytes())?;
        stdout.write_all(&answer)?;
        stdout.flush()?;
    }
    Ok(())
}

/// The next request, or none at the end.
fn read(stdin: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match stdin.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let mut request = vec![0; u32::from_le_bytes(length) as usize];
    stdin.read_exact(&mut request)?;
    Ok(Some(request))
}
