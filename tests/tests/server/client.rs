//! A server in this process, and a client of a few lines that says exactly what goes over the wire.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{LazyLock, Once};
use std::time::Duration;

use screening_server::{Config, Limits, Server, Stop};
use serde_json::Value;

/// A running server. It stops when this is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// The code for the first account of a server with a new store.
    pub(crate) setup_code: Option<String>,
    stop: Option<Stop>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The server that most tests share.
pub(crate) static SHARED: LazyLock<Running> = LazyLock::new(|| start(Config::default()));

/// Starts a server on a free port.
pub(crate) fn start(config: Config) -> Running {
    static LOG: Once = Once::new();
    LOG.call_once(crate::log::listen);
    let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..config };
    let (send, receive) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::bind(config).await.unwrap();
            send.send((server.address(), server.stop(), server.setup_code().map(str::to_owned))).unwrap();
            server.run().await;
        });
    });
    let (address, stop, setup_code) = receive.recv().unwrap();
    Running { address, setup_code, stop: Some(stop), thread: Some(thread) }
}

/// A server with other limits.
pub(crate) fn limited(limits: Limits) -> Running {
    start(Config { limits, ..Config::default() })
}

/// A server of another process.
pub(crate) fn elsewhere(address: SocketAddr) -> Running {
    Running { address, setup_code: None, stop: None, thread: None }
}

impl Running {
    pub(crate) fn ask_to_stop(&self) {
        self.stop.iter().for_each(Stop::stop);
    }

    /// Waits until everything is finished.
    pub(crate) fn join(mut self) {
        self.ask_to_stop();
        self.thread.take().unwrap().join().unwrap();
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        socket
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut socket = self.connect();
        socket.write_all(&head(method, target, headers, body.map(<[u8]>::len))).unwrap();
        // A server that refuses early may hang up while the body is on its way.
        let _ = socket.write_all(body.unwrap_or_default());
        let mut reader = BufReader::new(socket);
        if method == "HEAD" {
            let (status, headers) = read_head(&mut reader);
            return Answer { status, headers, body: Vec::new() };
        }
        Answer::read(&mut reader)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[("accept-language", "en")], None)
    }

    /// Posts JSON and reads English.
    pub(crate) fn post(&self, target: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/json"), ("accept-language", "en")];
        self.ask("POST", target, &headers, Some(body.as_bytes()))
    }

    /// Posts lines and reads lines.
    pub(crate) fn stream(&self, target: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-ndjson"), ("accept-language", "en")];
        self.ask("POST", target, &headers, Some(body.as_bytes()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// The head of a request; `length` is that of its body.
pub(crate) fn head(method: &str, target: &str, headers: &[(&str, &str)], length: Option<usize>) -> Vec<u8> {
    let mut lines =
        vec![format!("{method} {target} HTTP/1.1"), "host: test".to_owned(), "connection: close".to_owned()];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(length.map(|length| format!("content-length: {length}")));
    format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read(reader: &mut impl BufRead) -> Self {
        let (status, headers) = read_head(reader);
        let mut answer = Self { status, headers, body: Vec::new() };
        if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(part) = chunk(reader) {
                answer.body.extend(part);
            }
        } else if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut answer.body).unwrap();
        }
        answer
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The lines of a stream.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The problem, which must be of this status, type and place.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, kind: &str, pointer: Option<&str>) -> Value {
        let body = self.json();
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{body}");
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!((self.status, &body["status"]), (status, &status.into()), "{body}");
        assert_eq!(body["pointer"].as_str(), pointer, "{body}");
        for text in ["title", "detail", "help"] {
            assert!(body[text].as_str().is_some_and(|text| !text.is_empty() && !text.contains('{')), "{text}: {body}");
        }
        body
    }
}

pub(crate) fn read_head(reader: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status in `{first}`"));
    let mut headers = Vec::new();
    loop {
        let line = line();
        let Some((name, value)) = line.split_once(':') else { return (status, headers) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// The next chunk of a body; none at its end.
pub(crate) fn chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let size = usize::from_str_radix(line.trim(), 16).unwrap_or_else(|_| panic!("`{line}` is no size of a chunk"));
    let mut part = vec![0; size + 2];
    reader.read_exact(&mut part).unwrap();
    part.truncate(size);
    (size > 0).then_some(part)
}

/// `{"1": 2, ...}`: the answers to an instrument whose items are numbered.
pub(crate) fn numbered(codes: &[i64]) -> String {
    let entries: Vec<String> = codes.iter().enumerate().map(|(at, code)| format!("\"{}\":{code}", at + 1)).collect();
    format!("{{{}}}", entries.join(","))
}
