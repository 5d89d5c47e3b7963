//! Which process listens on a port, where the system tells.

/// The process that listens on `port`, as `name (pid 123)`; `None` where the system does not say, or not to this user.
#[cfg(target_os = "linux")]
pub(super) fn of(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let lines = tables.iter().flatten().flat_map(|table| table.lines());
    let inodes = lines.filter_map(|line| listening(line, port));
    let sockets: Vec<_> = inodes.map(|inode| format!("socket:[{inode}]")).collect();
    let processes = std::fs::read_dir("/proc").ok()?;
    let holder = processes
        .flatten()
        .map(|entry| entry.path())
        .find(|process| {
            let is_process = process
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
            let open = std::fs::read_dir(process.join("fd"))
                .into_iter()
                .flatten()
                .flatten();
            let mut targets = open.filter_map(|file| std::fs::read_link(file.path()).ok());
            is_process
                && targets.any(|target| {
                    sockets
                        .iter()
                        .any(|socket| target.as_os_str() == socket.as_str())
                })
        })?;
    let name = std::fs::read_to_string(holder.join("comm")).ok()?;
    let pid = holder.file_name()?.to_str()?.to_owned();
    Some(format!("{} (pid {pid})", name.trim_end()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn of(_port: u16) -> Option<String> {
    None
}

/// The inode of the socket in this line of `/proc/net/tcp` (proc(5)), if it listens on `port`.
#[cfg(target_os = "linux")]
fn listening(line: &str, port: u16) -> Option<&str> {
    const LISTEN: &str = "0A";
    let mut fields = line.split_whitespace();
    let (_, local) = fields.nth(1)?.rsplit_once(':')?;
    let state = fields.nth(1)?;
    let at = u16::from_str_radix(local, 16).ok()?;
    if at != port || state != LISTEN {
        return None;
    }
    fields.nth(5)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_by_its_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of(listener.local_addr().unwrap().port()).unwrap();
        assert!(
            holder.ends_with(&format!("(pid {})", std::process::id())),
            "{holder}"
        );
    }

    #[test]
    fn only_a_listening_socket_counts() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        assert_eq!(listening(line, 8080), Some("4711"));
        assert_eq!(listening(line, 8081), None);
        assert_eq!(listening(&line.replace(" 0A ", " 01 "), 8080), None);
        assert_eq!(listening("  sl  local_address rem_address", 8080), None);
    }
}
