//! A redis-server of a test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rmicro_runtime::broker::Redis;
use rmicro_runtime::seam::Seam;

/// A server on loopback with its data in a folder of its own; it ends with this value.
pub(crate) struct Server {
    program: String,
    options: Vec<String>,
    folder: tempfile::TempDir,
    port: u16,
    child: Child,
}

impl Server {
    /// A server with these further options; `None` where none is at hand.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let program = std::env::var("RMICRO_TEST_REDIS_SERVER").ok()?;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        for _ in 0..20 {
            let port = free_port();
            if let Some(child) = spawn(&program, &options, &folder, port) {
                return Some(Self {
                    program,
                    options,
                    folder,
                    port,
                    child,
                });
            }
        }
        panic!("{program} does not start");
    }

    /// The URL with these parameters behind it.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("redis://127.0.0.1:{}{parameters}", self.port)
    }

    /// The host and the port.
    pub(crate) fn address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.port)
    }

    /// A broker of its own, as another process would have it.
    pub(crate) fn broker(&self, parameters: &str) -> Redis {
        Redis::from_url(&self.url(parameters), Seam::default()).expect("the URL is good")
    }

    /// What the server answers to `command`, up to the first line of it.
    pub(crate) fn command(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        write!(stream, "{command}\r\n").expect("it reads");
        let mut line = String::new();
        BufReader::new(stream)
            .read_line(&mut line)
            .expect("it answers");
        line.trim_end().to_owned()
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is a child");
    }

    /// Starts it again where it was, with the data that it had saved.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.program, &self.options, &self.folder, self.port)
            .expect("the port is still free");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    listener.local_addr().expect("it is bound").port()
}

/// Waits until the server is ready; `None` when it ends first.
fn spawn(
    program: &str,
    options: &[String],
    folder: &tempfile::TempDir,
    port: u16,
) -> Option<Child> {
    let mut child = Command::new(program)
        .args([
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--port",
            &port.to_string(),
        ])
        .arg("--dir")
        .arg(folder.path())
        .args(options)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let lines = child.stdout.take().map(|out| BufReader::new(out).lines());
    let mut lines = lines.into_iter().flatten();
    if lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections"))) {
        // It has little more to say, and would wait for a reader when the pipe is full.
        std::thread::spawn(move || lines.count());
        return Some(child);
    }
    drop(child.wait());
    None
}
