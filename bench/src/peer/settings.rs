//! What a client is told on its command line.

use std::net::SocketAddr;
use std::str::FromStr;

use crate::{Failure, Outcome};

/// Whose client or server it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {
    Rmicro,
    Tonic,
    /// Frames over TCP with nothing around them: what the sockets and the runtime cost.
    Raw,
}

impl FromStr for Stack {
    type Err = Failure;

    fn from_str(name: &str) -> Outcome<Self> {
        match name {
            "rmicro" => Ok(Self::Rmicro),
            "tonic" => Ok(Self::Tonic),
            "raw" => Ok(Self::Raw),
            _ => Err(format!("no stack {name:?}: there are rmicro, tonic and raw").into()),
        }
    }
}

/// What is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    Hello,
    Wide,
    Stream,
    Bidi,
}

impl FromStr for Case {
    type Err = Failure;

    fn from_str(name: &str) -> Outcome<Self> {
        match name {
            "hello" => Ok(Self::Hello),
            "wide" => Ok(Self::Wide),
            "stream" => Ok(Self::Stream),
            "bidi" => Ok(Self::Bidi),
            _ => Err(format!("no case {name:?}: there are hello, wide, stream and bidi").into()),
        }
    }
}

/// One measurement.
#[derive(Clone, Debug)]
pub struct Settings {
    pub stack: Stack,
    pub case: Case,
    /// How many calls run at a time.
    pub concurrency: usize,
    /// Over how many connections.
    pub connections: usize,
    pub address: SocketAddr,
    /// Whose processor time is the server's; 0 when it is not asked for.
    pub server_pid: u32,
    /// Ends after so many calls instead of by the clock.
    pub requests: Option<usize>,
}

impl Settings {
    /// Reads `STACK name=value ...`.
    pub fn parse(words: &[&str]) -> Outcome<Self> {
        let (stack, pairs) = words.split_first().ok_or("a client needs a stack")?;
        let mut settings = Self {
            stack: stack.parse()?,
            case: Case::Hello,
            concurrency: 1,
            connections: 1,
            address: ([127, 0, 0, 1], 0).into(),
            server_pid: 0,
            requests: None,
        };
        for pair in pairs {
            let (name, value) = pair.split_once('=').ok_or("settings are name=value")?;
            match name {
                "case" => settings.case = value.parse()?,
                "c" => settings.concurrency = value.parse()?,
                "conns" => settings.connections = value.parse::<usize>()?.max(1),
                "address" => settings.address = value.parse()?,
                "server_pid" => settings.server_pid = value.parse()?,
                "requests" => settings.requests = Some(value.parse()?),
                _ => return Err(format!("no setting {name:?}").into()),
            }
        }
        Ok(settings)
    }
}
