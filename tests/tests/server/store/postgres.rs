//! A PostgreSQL of its own for the tests, as long as they run.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The cluster; none where its programs are not there.
struct Cluster {
    port: u16,
    programs: PathBuf,
    /// Ends with this process, and the database with it: the end of its standard input tells it.
    _keeper: Child,
}

static CLUSTER: LazyLock<Option<Cluster>> = LazyLock::new(begin);

/// The folder of PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root, so root becomes the user `postgres`.
fn as_user(script: &str) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut command = Command::new(if root { "su" } else { "sh" });
    if root {
        command.args(["postgres", "-s", "/bin/sh"]);
    }
    command.args(["-c", script]);
    command
}

fn begin() -> Option<Cluster> {
    let programs = programs()?;
    let folder = std::env::temp_dir().join(format!("screening-postgres-{}", std::process::id()));
    let (at, bin) = (folder.display(), programs.display());
    let made = as_user(&format!("{bin}/initdb -D {at} -U postgres -A trust -E UTF8 --locale=C >/dev/null 2>&1"));
    if !{ made }.status().is_ok_and(|status| status.success()) {
        return None;
    }
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let options = format!("-D {at} -p {port} -h 127.0.0.1 -k {at} -c fsync=off -c max_connections=200");
    let script = format!(
        "{bin}/postgres {options} >{at}/log 2>&1 & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid; rm -rf {at}"
    );
    let keeper = as_user(&script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let cluster = Cluster { port, programs, _keeper: keeper };
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() && cluster.run("SELECT 1") {
            return Some(cluster);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    None
}

impl Cluster {
    fn run(&self, query: &str) -> bool {
        let port = self.port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-d", "postgres", "-qc", query];
        let mut command = Command::new(psql(&self.programs));
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

fn psql(programs: &Path) -> PathBuf {
    Some(programs.join("psql")).filter(|program| program.is_file()).unwrap_or_else(|| "psql".into())
}

/// The URL of a new database; none where PostgreSQL is not at hand.
pub(crate) fn new_database() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Some(cluster) = CLUSTER.as_ref() else {
        println!("skipped: PostgreSQL is not at hand");
        return None;
    };
    let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    assert!(cluster.run(&format!("CREATE DATABASE {name}")), "{name}");
    Some(format!("postgres://postgres@127.0.0.1:{}/{name}", cluster.port))
}
