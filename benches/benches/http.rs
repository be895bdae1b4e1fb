//! Scoring over HTTP beside a handler on the same server that only gives the body back: requests a second, and the time of one
//! request.
//!
//! Server and callers share the machine, and the kinds of request take turns, so that the ratios hold where the figures
//! themselves drift. The second part sends at a fixed rate and takes the time from the moment a request was due: a server that
//! stalls cannot hide it by being asked less.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use screening_server::{Config, Server};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A kind of request.
struct Case {
    name: &'static str,
    request: Vec<u8>,
}

/// What is asked for on the command line.
struct Options {
    connections: usize,
    rounds: usize,
    seconds: f64,
    rate: f64,
}

fn main() -> Outcome<()> {
    let options = options()?;
    let address = start()?;
    let cases = cases();
    println!("{} connections, {} rounds of {} s", options.connections, options.rounds, options.seconds);
    println!("{:34} {:>10} {:>10} {:>10} {:>8}", "as fast as it goes", "req/s", "p50 us", "p99 us", "of echo");
    let mut best: Vec<Vec<Round>> = cases.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (case, rounds) in cases.iter().zip(&mut best) {
            rounds.push(flood(address, case, &options)?);
        }
    }
    let mut echo = 0.0;
    for (case, rounds) in cases.iter().zip(&mut best) {
        rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        let median = &rounds[rounds.len() / 2];
        if case.name.starts_with("echo") {
            echo = median.per_second;
        }
        let ratio = median.per_second / echo;
        println!("{:34} {:10.0} {:10.0} {:10.0} {ratio:8.2}", case.name, median.per_second, median.p50, median.p99);
    }
    println!(
        "\n{:34} {:>10} {:>10} {:>10}",
        format!("{} requests a second", options.rate),
        "req/s",
        "p50 us",
        "p99 us"
    );
    for case in &cases {
        let round = paced(address, case, &options)?;
        println!("{:34} {:10.0} {:10.0} {:10.0}", case.name, round.per_second, round.p50, round.p99);
    }
    Ok(())
}

/// `--connections N`, `--rounds N`, `--seconds S`, `--rate N`; what cargo adds is left aside.
fn options() -> Outcome<Options> {
    let mut options = Options { connections: 16, rounds: 5, seconds: 2.0, rate: 2000.0 };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--connections" => options.connections = value()?.parse::<usize>()?.max(1),
            "--rounds" => options.rounds = value()?.parse::<usize>()?.max(1),
            "--seconds" => options.seconds = value()?.parse()?,
            "--rate" => options.rate = value()?.parse()?,
            _ => {}
        }
    }
    Ok(options)
}

/// The server with the handler that gives the body back.
fn start() -> Outcome<SocketAddr> {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let config = Config { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Config::default() };
            let server = Server::bind(config).await.expect("a server");
            let server = server.with_routes(Router::new().route("/echo", post(|body: Bytes| async { body })));
            let _ = send.send(server.address());
            server.run().await;
        });
    });
    Ok(receive.recv()?)
}

fn cases() -> Vec<Case> {
    let numbered = |codes: &[u8]| {
        let entries: Vec<String> =
            codes.iter().enumerate().map(|(at, code)| format!("\"{}\":{code}", at + 1)).collect();
        format!("{{{}}}", entries.join(","))
    };
    let context = r#""context":{"sex":"female","grade":8}"#;
    let gad = format!(r#"{{"answers":{},{context}}}"#, numbered(&[2, 2, 1, 1, 1, 2, 1]));
    let short = gad.replace("\"context\"", "\"explain\":false,\"context\"");
    let mht = format!(r#"{{"answers":{},{context},"explain":false}}"#, numbered(&[1; 100]));
    let battery = format!(
        r#"{{"answers":{{"phq-9":{},"gad-7":{}}},{context},"policy":"district-default","explain":false}}"#,
        numbered(&[1; 9]),
        numbered(&[1; 7])
    );
    let request = |target: &str, body: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    vec![
        Case { name: "echo", request: request("/echo", &gad) },
        Case { name: "GAD-7", request: request("/api/v1/score/gad-7", &short) },
        Case { name: "GAD-7 with explanation", request: request("/api/v1/score/gad-7", &gad) },
        Case { name: "MHT, 100 items", request: request("/api/v1/score/mht", &mht) },
        Case { name: "PHQ-9 and GAD-7 with policy", request: request("/api/v1/score", &battery) },
    ]
}

struct Round {
    per_second: f64,
    p50: f64,
    p99: f64,
}

impl Round {
    fn of(mut micros: Vec<f64>, seconds: f64) -> Self {
        micros.sort_by(f64::total_cmp);
        let at = |share: f64| micros.get((share * micros.len() as f64) as usize).copied().unwrap_or(f64::NAN);
        Self { per_second: micros.len() as f64 / seconds, p50: at(0.50), p99: at(0.99) }
    }
}

/// Every connection sends its next request when the last one is answered.
fn flood(address: SocketAddr, case: &Case, options: &Options) -> Outcome<Round> {
    let span = Duration::from_secs_f64(options.seconds);
    let barrier = Barrier::new(options.connections);
    let lists = callers(options.connections, |_| {
        let mut caller = Caller::new(address)?;
        caller.ask(&case.request)?;
        barrier.wait();
        let (started, mut micros) = (Instant::now(), Vec::new());
        while started.elapsed() < span {
            let sent = Instant::now();
            caller.ask(&case.request)?;
            micros.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        Ok(micros)
    })?;
    Ok(Round::of(lists.concat(), options.seconds))
}

/// Requests are due at a fixed rate, and each is timed from when it was due.
fn paced(address: SocketAddr, case: &Case, options: &Options) -> Outcome<Round> {
    let span = options.seconds * options.rounds as f64;
    let every = options.connections as f64 / options.rate;
    let barrier = Barrier::new(options.connections);
    let lists = callers(options.connections, |number| {
        let mut caller = Caller::new(address)?;
        caller.ask(&case.request)?;
        barrier.wait();
        let (started, mut micros) = (Instant::now(), Vec::new());
        let first = every * number as f64 / options.connections as f64;
        loop {
            let due = Duration::from_secs_f64(first + every * micros.len() as f64);
            if due.as_secs_f64() > span {
                return Ok(micros);
            }
            std::thread::sleep(due.saturating_sub(started.elapsed()));
            caller.ask(&case.request)?;
            micros.push(started.elapsed().saturating_sub(due).as_secs_f64() * 1e6);
        }
    })?;
    Ok(Round::of(lists.concat(), span))
}

/// What each of so many callers, at the same time, has measured.
fn callers(count: usize, work: impl Fn(usize) -> std::io::Result<Vec<f64>> + Sync) -> Outcome<Vec<Vec<f64>>> {
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    done.into_iter().map(|list| Ok(list.map_err(|_| "a caller has failed")??)).collect()
}

/// A connection that is kept.
struct Caller {
    socket: TcpStream,
    reader: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Caller {
    fn new(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let reader = BufReader::new(socket.try_clone()?);
        Ok(Self { socket, reader, body: Vec::new() })
    }

    /// Sends a request and reads its answer, which must be 200.
    fn ask(&mut self, request: &[u8]) -> std::io::Result<()> {
        self.socket.write_all(request)?;
        let (mut line, mut length, mut first) = (String::new(), 0, true);
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            if first && !line.contains(" 200 ") {
                return Err(std::io::Error::other(line));
            }
            first = false;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            if line.trim().is_empty() {
                break;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)
    }
}
