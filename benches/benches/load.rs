//! A district at work on one server and its SQLite store: thousands of open forms that save what is there so far, and sheets that
//! are handed in, at the rates that a district of 100,000 pupils reaches in the first lesson of a screening.
//!
//! The server is a process of its own, so that its memory and processor time are told apart from those of the forms. Every form
//! keeps its connection. Times count from the moment a request was due. In the end the store is asked how many sheets it has:
//! as many as were acknowledged.
//!
//! `--sessions N` open forms (13,000), `--every S` seconds between two saves of a form (9.2), `--submissions N` sheets handed in
//! a second (110), `--seconds S` measured (60), after a minute in which the forms are opened.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use screening_benches::{processor_of, status_of};
use screening_server::{Config, Server, StoreConfig};
use serde_json::{Value, json};
use sha1::Sha1;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// As in the `screening` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "a long sentence nobody knows";
/// Time in which the forms are opened.
const RAMP: f64 = 60.0;

#[derive(Clone, Copy)]
struct Options {
    sessions: usize,
    every: f64,
    submissions: f64,
    seconds: f64,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|own| own == "--serve") {
        return serve(arguments.get(at + 1).ok_or("--serve needs a folder")?);
    }
    let options = options(arguments)?;
    let folder = tempfile::tempdir()?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--serve")
        .arg(folder.path().join("data"))
        .stdout(Stdio::piped())
        .spawn()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = hello(&mut child).and_then(|(address, code)| runtime.block_on(run(address, &code, &child, options)));
    child.kill()?;
    child.wait()?;
    done
}

fn options(arguments: Vec<String>) -> Outcome<Options> {
    let mut options = Options { sessions: 13_000, every: 9.2, submissions: 110.0, seconds: 60.0 };
    let mut arguments = arguments.into_iter().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--sessions" => options.sessions = value()?.parse::<usize>()?.max(1),
            "--every" => options.every = value()?.parse()?,
            "--submissions" => options.submissions = value()?.parse()?,
            "--seconds" => options.seconds = value()?.parse()?,
            _ => {}
        }
    }
    Ok(options)
}

/// The server: tells its address and the code for the first account, and serves until it is killed.
fn serve(folder: impl AsRef<Path>) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: Some(StoreConfig::new(folder.as_ref())),
            ..Config::default()
        };
        let server = Server::bind(config).await?;
        println!("{} {}", server.address(), server.setup_code().unwrap_or_default());
        server.run().await;
        Ok(())
    })
}

fn hello(child: &mut Child) -> Outcome<(SocketAddr, String)> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output of the server")?).read_line(&mut line)?;
    let (address, code) = line.trim().split_once(' ').ok_or("no address")?;
    Ok((address.parse()?, code.to_owned()))
}

/// What all forms share.
struct Shared {
    address: SocketAddr,
    token: String,
    screening: String,
    /// Pupils whose form was opened.
    opened: AtomicUsize,
    handed_in: AtomicU64,
    options: Options,
    begun: Instant,
}

/// Milliseconds that requests took which were due in the measured time.
#[derive(Default)]
struct Times {
    saves: Vec<f64>,
    first: Vec<f64>,
    handed_in: Vec<f64>,
}

async fn run(address: SocketAddr, code: &str, child: &Child, options: Options) -> Outcome<()> {
    let lives = (RAMP + options.seconds) * options.submissions;
    let pupils = options.sessions + lives as usize + options.sessions / 10;
    let mut desk = Desk::open(address, code).await?;
    let begun = Instant::now();
    desk.roster(pupils).await?;
    println!("class list of {pupils} pupils taken over in {:.1} s", begun.elapsed().as_secs_f64());
    let (screening, token) = (desk.screening().await?, desk.token().await?);
    let shared = Arc::new(Shared {
        address,
        token,
        screening,
        opened: AtomicUsize::new(0),
        handed_in: AtomicU64::new(0),
        options,
        begun: Instant::now(),
    });
    let forms: Vec<_> = (0..options.sessions).map(|number| tokio::spawn(form(shared.clone(), number))).collect();
    sleep_until(shared.begun + Duration::from_secs_f64(RAMP)).await;
    let (own, server) = (processor_of("self"), processor_of(&child.id().to_string()));
    let mut all = Times::default();
    for form in forms {
        let times = form.await??;
        all.saves.extend(times.saves);
        all.first.extend(times.first);
        all.handed_in.extend(times.handed_in);
    }
    let spent = |process: &str, before: Option<f64>| Some((processor_of(process)? - before?) / options.seconds);
    let (own, server) = (spent("self", own), spent(&child.id().to_string(), server));
    println!("{} open forms, {} s measured", options.sessions, options.seconds);
    println!("{:26} {:>8} {:>9} {:>9} {:>9}", "", "a second", "p50 ms", "p99 ms", "worst ms");
    for (name, mut list) in [("saves", all.saves), ("first saves", all.first), ("sheets handed in", all.handed_in)] {
        list.sort_by(f64::total_cmp);
        let at = |share: f64| list.get(((list.len() as f64 * share) as usize).min(list.len().saturating_sub(1)));
        let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|share| at(share).copied().unwrap_or(f64::NAN));
        println!("{name:26} {:8.0} {p50:9.1} {p99:9.1} {worst:9.1}", list.len() as f64 / options.seconds);
    }
    let of = |name: &str| status_of(&child.id().to_string(), name).unwrap_or(0) / 1024;
    println!("memory of the server: {} MiB, at most {} MiB", of("VmRSS:"), of("VmHWM:"));
    println!("processors in use: server {:.2}, forms {:.2}", server.unwrap_or(0.0), own.unwrap_or(0.0));
    // The desk said nothing for so long that the server hung up.
    desk.connection = Connection::open(address).await?;
    let stored = desk.stored(&shared.screening).await?;
    let acknowledged = shared.handed_in.load(Ordering::Relaxed);
    println!("sheets acknowledged {acknowledged}, in the store {stored}");
    if stored == acknowledged { Ok(()) } else { Err("sheets were lost".into()) }
}

/// A form on one computer: pupils sit down at it one after the other.
async fn form(shared: Arc<Shared>, number: usize) -> Outcome<Times> {
    let Options { sessions, every, submissions, seconds } = shared.options;
    let part = number as f64 / sessions as f64;
    let life = sessions as f64 / submissions;
    let end = RAMP + seconds;
    let at = |seconds: f64| shared.begun + Duration::from_secs_f64(seconds);
    // Neighbours are opened one after the other, and handed in at times that have nothing to do with it.
    let mut due = part * RAMP;
    let mut leaves = RAMP - every + ((number * 7919) % sessions) as f64 / sessions as f64 * life;
    let mut times = Times::default();
    sleep_until(at(due)).await;
    let mut connection = Connection::open(shared.address).await?;
    let mut sheet = Sheet::new(&shared);
    while due < end {
        sleep_until(at(due)).await;
        let last = due >= leaves;
        let request = sheet.request(&shared, last);
        let answer = connection.ask(&request).await?;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.body).into());
        }
        let took = at(due).elapsed().as_secs_f64() * 1e3;
        if due >= RAMP {
            let list = match (last, sheet.revision) {
                (true, _) => &mut times.handed_in,
                (false, 1) => &mut times.first,
                (false, _) => &mut times.saves,
            };
            list.push(took);
        }
        if last {
            shared.handed_in.fetch_add(1, Ordering::Relaxed);
            leaves += life;
            sheet = Sheet::new(&shared);
        }
        due += every;
    }
    Ok(times)
}

/// The sheet of the pupil who sits at a form.
struct Sheet {
    pupil: usize,
    revision: usize,
}

impl Sheet {
    fn new(shared: &Shared) -> Self {
        Self { pupil: shared.opened.fetch_add(1, Ordering::Relaxed), revision: 0 }
    }

    /// The next save, with two answers more than the last, or the whole sheet.
    fn request(&mut self, shared: &Shared, last: bool) -> Vec<u8> {
        self.revision += 1;
        let there = if last { 16 } else { (self.revision * 2).min(16) };
        let part = |from: usize, count: usize| -> String {
            let list: Vec<String> = (1..=count.min(there.saturating_sub(from)))
                .map(|item| format!("\"{item}\":{}", if item == 9 { 0 } else { (item + self.pupil) % 3 }))
                .collect();
            list.join(",")
        };
        let answers = format!("{{\"phq-9\":{{{}}},\"gad-7\":{{{}}}}}", part(0, 9), part(9, 7));
        let revision = if last { String::new() } else { format!(",\"revision\":{}", self.revision) };
        let body = format!("{{\"student_id\":\"P{}\",\"answers\":{answers}{revision}}}", self.pupil);
        let draft = if last { "" } else { "/draft" };
        format!(
            "PUT /api/v1/screenings/{}/sheets/s{}{draft} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            shared.screening,
            self.pupil,
            shared.token,
            body.len()
        )
        .into_bytes()
    }
}

/// The desk of the district officer.
struct Desk {
    connection: Connection,
    headers: String,
    district: String,
}

impl Desk {
    async fn open(address: SocketAddr, code: &str) -> Outcome<Self> {
        let mut desk =
            Self { connection: Connection::open(address).await?, headers: String::new(), district: String::new() };
        let account = json!({ "code": code, "district_code": "330106", "district_name": "West Lake", "name": "officer",
            "password": PASSWORD });
        let account = desk.post("/api/v1/setup", &account).await?;
        desk.district = text(&account["organisation_id"])?;
        let request = head("POST", "/api/v1/session", "content-type: application/json\r\n");
        let body = json!({ "name": "officer", "password": PASSWORD }).to_string();
        let answer = desk.connection.ask(&whole(&request, body.as_bytes())).await?;
        let session: Value = serde_json::from_str(&answer.body)?;
        let cookie = answer.cookie.ok_or("no session")?;
        desk.headers = format!("cookie: {cookie}\r\nx-csrf-token: {}\r\n", text(&session["csrf"])?);
        // A token is given out after a second factor.
        let secret = text(&desk.post("/api/v1/session/totp", &json!({})).await?["secret"])?;
        let code = authenticator(&BASE32_NOPAD.decode(secret.as_bytes())?)?;
        desk.post("/api/v1/session/totp/confirmation", &json!({ "code": code })).await?;
        Ok(desk)
    }

    async fn roster(&mut self, pupils: usize) -> Outcome<()> {
        let mut csv = String::from("student_id,name,school,grade,class,sex,birth_date\n");
        for pupil in 0..pupils {
            let (class, sex) = (pupil / 45, if pupil % 2 == 0 { "female" } else { "male" });
            let (school, grade, class) = (class / 24, 7 + class / 8 % 3, 1 + class % 8);
            writeln!(csv, "P{pupil},N{pupil},School {school},{grade},{class},{sex},2013-05-04")?;
        }
        let headers = format!("content-type: application/octet-stream\r\n{}", self.headers);
        let request = whole(&head("POST", "/api/v1/rosters?file=list.csv", &headers), csv.as_bytes());
        let job: Value = serde_json::from_str(&good(self.connection.ask(&request).await?)?)?;
        let target = format!("/api/v1/jobs/{}", text(&job["id"])?);
        loop {
            let job: Value = self.get(&target).await?;
            match job["state"].as_str() {
                Some("done") => return Ok(()),
                Some("failed" | "cancelled") => return Err(job.to_string().into()),
                _ => tokio::time::sleep(Duration::from_millis(300)).await,
            }
        }
    }

    async fn screening(&mut self) -> Outcome<String> {
        let definition = json!({ "title": { "en": "Autumn", "zh-CN": "秋季" }, "wave": "2026-autumn",
            "administered-on": "2026-10-12", "policy": "district-default", "validity": "none",
            "batteries": [{ "id": "junior", "grades": { "from": 7, "to": 9 }, "instruments": ["phq-9", "gad-7"] }],
            "windows": [{ "from": "2026-10-12", "to": "2026-10-23" }],
            "duty": { "contacts": ["officer"], "escalate-after-s": 600 } });
        let id = text(&self.post("/api/v1/screenings", &definition).await?["id"])?;
        self.post(&format!("/api/v1/screenings/{id}/release"), &json!({})).await?;
        Ok(id)
    }

    async fn token(&mut self) -> Outcome<String> {
        let body = json!({ "name": "forms", "role": "examiner", "organisation_id": self.district });
        text(&self.post("/api/v1/tokens", &body).await?["secret"])
    }

    /// Sheets of a screening that are in the store.
    async fn stored(&mut self, screening: &str) -> Outcome<u64> {
        let completion = self.get(&format!("/api/v1/screenings/{screening}/completion")).await?;
        let classes = completion["classes"].as_array().ok_or("no classes")?;
        Ok(classes.iter().filter_map(|class| class["answered"].as_u64()).sum())
    }

    async fn post(&mut self, target: &str, body: &Value) -> Outcome<Value> {
        let headers = format!("content-type: application/json\r\n{}", self.headers);
        let request = whole(&head("POST", target, &headers), body.to_string().as_bytes());
        json_of(&good(self.connection.ask(&request).await?)?)
    }

    async fn get(&mut self, target: &str) -> Outcome<Value> {
        let request = head("GET", target, &self.headers) + "\r\n";
        json_of(&good(self.connection.ask(request.as_bytes()).await?)?)
    }
}

fn head(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: bench\r\n{headers}")
}

fn whole(head: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!("{head}content-length: {}\r\n\r\n", body.len()).into_bytes();
    request.extend_from_slice(body);
    request
}

fn good(answer: Answer) -> Outcome<String> {
    if (200..300).contains(&answer.status) {
        Ok(answer.body)
    } else {
        Err(format!("{}: {}", answer.status, answer.body).into())
    }
}

fn json_of(body: &str) -> Outcome<Value> {
    Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(body)? })
}

fn text(value: &Value) -> Outcome<String> {
    Ok(value.as_str().ok_or_else(|| format!("no text: {value}"))?.to_owned())
}

/// The code that an authenticator shows now (RFC 6238).
fn authenticator(secret: &[u8]) -> Outcome<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() / 30;
    let mut mac = Hmac::<Sha1>::new_from_slice(secret)?;
    mac.update(&now.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into()?) & 0x7fff_ffff;
    Ok(format!("{:06}", number % 1_000_000))
}

struct Answer {
    status: u16,
    cookie: Option<String>,
    body: String,
}

/// A connection that is kept.
struct Connection(tokio::io::BufReader<TcpStream>);

impl Connection {
    async fn open(address: SocketAddr) -> Outcome<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self(tokio::io::BufReader::with_capacity(1024, socket)))
    }

    async fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        self.0.get_mut().write_all(request).await?;
        let mut line = String::new();
        self.0.read_line(&mut line).await?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("no answer")?;
        let (mut length, mut cookie) = (0, None);
        loop {
            line.clear();
            self.0.read_line(&mut line).await?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "set-cookie" => cookie = value.trim().split(';').next().map(str::to_owned),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Answer { status, cookie, body: String::from_utf8(body)? })
    }
}
