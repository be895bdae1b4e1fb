//! What was acknowledged outlasts the process.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use screening_server::{Config, StoreConfig};
use serde_json::{Value, json};

use super::{alerts_of, answers, class_list, definition, jobs, released, roster};
use crate::client::{Answer, head, start};
use crate::store::world::{World, good, text};

const DATA: &str = "SCREENING_TEST_DATA";

/// Not a test: the process that is killed. It serves a folder until it ends.
#[test]
#[ignore = "run by the tests that kill it"]
fn a_process_of_its_own() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let server = start(Config { store: Some(StoreConfig::new(data)), ..Config::default() });
    println!("\nADDRESS {}", server.address);
    std::thread::sleep(Duration::from_mins(5));
}

/// A server in a process of its own. It is killed when this is dropped.
struct Process(Child, SocketAddr);

impl Process {
    fn start(config: &StoreConfig) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["district::kill::a_process_of_its_own", "--exact", "--ignored", "--nocapture"])
            .env(DATA, &config.data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.strip_prefix("ADDRESS ").map(str::to_owned));
        // What it says later is read too: a process whose words nobody takes ends.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, address.expect("the process serves").parse().unwrap())
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A request of a machine to a process.
fn ask(process: &Process, token: &str, (method, target): (&str, &str), body: Option<&[u8]>) -> Answer {
    let mut socket = TcpStream::connect(process.1).unwrap();
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("accept-language", "en")];
    socket.write_all(&head(method, target, &headers, body.map(<[u8]>::len))).unwrap();
    socket.write_all(body.unwrap_or_default()).unwrap();
    Answer::read(&mut BufReader::new(socket))
}

fn put(process: &Process, token: &str, target: &str, body: &Value) -> u16 {
    ask(process, token, ("PUT", target), Some(body.to_string().as_bytes())).status
}

#[test]
fn an_alert_outlasts_the_process_that_was_told_of_it() {
    let world = World::sqlite();
    roster(&world, "", &class_list(&[("1", "a"), ("2", "b")]));
    let id = released(&world, &definition("2026-autumn"));
    let form = world.token("examiner", &world.here.id);
    let process = Process::start(&world.config);
    let draft = json!({ "student_id": "1", "answers": { "phq-9": { "9": 1 } }, "revision": 1 });
    assert_eq!(put(&process, &form, &format!("/api/v1/screenings/{id}/sheets/s1/draft"), &draft), 200);
    let sheet = json!({ "student_id": "2", "answers": answers(0, 2) });
    assert_eq!(put(&process, &form, &format!("/api/v1/screenings/{id}/sheets/s2"), &sheet), 200);
    process.kill();
    let mut stream = alerts_of(&world, &world.officer, None);
    let sheets = [stream.next().2["alert"]["sheet"].clone(), stream.next().2["alert"]["sheet"].clone()];
    assert_eq!(sheets, ["s1", "s2"]);
    let draft = good(&world.machine("GET", &form, &format!("/api/v1/screenings/{id}/sheets/s1/draft"), None));
    assert_eq!(draft["answers"]["phq-9"]["9"], 1);
}

#[test]
fn a_job_goes_on_after_the_process_was_killed() {
    let world = World::sqlite();
    let names: Vec<String> = (0..400).map(|at| format!("p{at}")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|id| (id.as_str(), "n")).collect();
    roster(&world, "", &class_list(&list));
    let id = released(&world, &definition("2026-autumn"));
    let token = world.token("counsellor", &world.district);
    // The server of the world stops: the job is left to the process.
    let (config, _folder) = world.stop();
    let process = Process::start(&config);
    let rows: Vec<(&str, i64, i64)> = names.iter().zip(0..).map(|(id, at)| (id.as_str(), at % 4, 0)).collect();
    let target = format!("/api/v1/screenings/{id}/answers?source=table");
    let queued = good(&ask(&process, &token, ("POST", &target), Some(jobs::table(&rows).as_bytes())));
    let target = format!("/api/v1/jobs/{}", text(&queued["id"]));
    let look = |process: &Process| good(&ask(process, &token, ("GET", &target), None));
    let begun = Instant::now();
    // Somewhere in the middle: some sheets are stored, others are not.
    loop {
        let job = look(&process);
        if job["step"] == "storing" && job["done"].as_i64() > Some(0) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
        assert!(job["state"] != "done" && begun.elapsed() < Duration::from_mins(2), "{job}");
    }
    process.kill();
    let process = Process::start(&config);
    let begun = Instant::now();
    let report = loop {
        let job = look(&process);
        if job["state"] == "done" {
            break job;
        }
        assert!(job["state"] != "failed" && begun.elapsed() < Duration::from_mins(2), "{job}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(report["runs"], 2);
    let counted = |key: &str| report["report"][key].as_i64().unwrap();
    assert_eq!(counted("new") + counted("same"), 400, "{report:#}");
    assert!(counted("same") > 0, "what was stored before was found");
    let target = format!("/api/v1/screenings/{id}/completion");
    let completion = good(&ask(&process, &token, ("GET", &target), None));
    let classes = completion["classes"].as_array().unwrap();
    let answered: i64 = classes.iter().map(|class| class["answered"].as_i64().unwrap()).sum();
    assert_eq!(answered, 400, "nothing is lost, and nothing is there twice");
}
