//! A district with two schools, and people and machines of every role.

use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use screening_server::{Clock, Config, StoreConfig};
use serde_json::{Value, json};
use sha1::Sha1;
use tempfile::TempDir;

use super::postgres;
use crate::client::{Answer, Running, start};

pub(crate) const PASSWORD: &str = "a long sentence nobody knows";

/// Roles that accounts and tokens may have.
pub(crate) const ROLES: [&str; 7] =
    ["district-officer", "school-lead", "counsellor", "class-teacher", "examiner", "vendor", "auditor"];

/// A person in a session.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) account: String,
    cookie: String,
    csrf: String,
    secret: Vec<u8>,
}

/// A school with one class.
#[derive(Debug, Clone)]
pub(crate) struct School {
    pub(crate) id: String,
    pub(crate) class: String,
}

/// The server and what is in its store.
pub(crate) struct World {
    pub(crate) server: Running,
    pub(crate) config: StoreConfig,
    pub(crate) clock: Clock,
    pub(crate) officer: Person,
    pub(crate) district: String,
    pub(crate) here: School,
    pub(crate) there: School,
    folder: TempDir,
}

/// The code of an authenticator (RFC 6238), computed apart from the server.
pub(crate) fn code(secret: &[u8], millis: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).unwrap();
    mac.update(&(millis / 30_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::new(folder.path().join("data"));
        Self::with(folder, config)
    }

    /// None where PostgreSQL is not at hand.
    pub(crate) fn postgres() -> Option<Self> {
        let url = postgres::new_database()?;
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig { database: Some(url), ..StoreConfig::new(folder.path().join("data")) };
        Some(Self::with(folder, config))
    }

    fn with(folder: TempDir, config: StoreConfig) -> Self {
        let clock = config.clock.clone();
        let server = start(Config { store: Some(config.clone()), ..Config::default() });
        let setup = server.setup_code.clone().expect("a new store has no account");
        let body = json!({ "code": setup, "district_code": "330106", "district_name": "West Lake",
            "name": "officer", "password": PASSWORD });
        let account = good(&server.post("/api/v1/setup", &body.to_string()));
        let district = account["organisation_id"].as_str().unwrap().to_owned();
        let officer = Person {
            name: "officer".into(),
            account: text(&account["id"]),
            cookie: String::new(),
            csrf: String::new(),
            secret: Vec::new(),
        };
        let none = School { id: String::new(), class: String::new() };
        let mut world = Self { server, config, clock, officer, district, here: none.clone(), there: none, folder };
        world.officer = world.authenticated(world.log_in("officer"));
        world.here = world.school("S01");
        world.there = world.school("S02");
        world
    }

    /// The same world with another server.
    pub(crate) fn resumed(
        server: Running,
        config: StoreConfig,
        folder: TempDir,
        (clock, officer, district): (Clock, Person, String),
        (here, there): (School, School),
    ) -> Self {
        Self { server, config, clock, officer, district, here, there, folder }
    }

    /// Stops the server. The store stays as long as what is given here.
    pub(crate) fn stop(self) -> (StoreConfig, TempDir) {
        self.server.join();
        (self.config, self.folder)
    }

    fn school(&self, code: &str) -> School {
        let add = |body: Value| text(&good(&self.post(&self.officer, "/api/v1/organisations", &body))["id"]);
        let id = add(json!({ "parent_id": self.district, "code": code, "name": format!("School {code}") }));
        let class = add(json!({ "parent_id": id, "code": "701", "name": "Class 1", "grade": 7 }));
        School { id, class }
    }

    /// Logs in with the password only.
    pub(crate) fn log_in(&self, name: &str) -> Person {
        let answer = self.server.post("/api/v1/session", &json!({ "name": name, "password": PASSWORD }).to_string());
        let body = good(&answer);
        Person {
            name: name.to_owned(),
            account: text(&body["account"]["id"]),
            cookie: answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned(),
            csrf: text(&body["csrf"]),
            secret: Vec::new(),
        }
    }

    /// Sets up an authenticator, which counts as a fresh second factor.
    pub(crate) fn authenticated(&self, person: Person) -> Person {
        let body = good(&self.post(&person, "/api/v1/session/totp", &json!({})));
        let secret = BASE32_NOPAD.decode(text(&body["secret"]).as_bytes()).unwrap();
        let person = Person { secret, ..person };
        let target = "/api/v1/session/totp/confirmation";
        good(&self.post(&person, target, &json!({ "code": self.code_of(&person) })));
        person
    }

    /// The code that the authenticator of somebody shows now.
    pub(crate) fn code_of(&self, person: &Person) -> String {
        code(&person.secret, self.clock.now())
    }

    /// Gives a second factor anew. A code is good once, so the clock moves on to the next.
    pub(crate) fn step_up(&self, person: &Person) {
        self.clock.advance(Duration::from_secs(30));
        good(&self.post(person, "/api/v1/session/step-up", &json!({ "code": self.code_of(person) })));
    }

    /// A new person in a session, with an authenticator.
    pub(crate) fn person(&self, name: &str, role: &str, organisation: &str) -> Person {
        self.step_up(&self.officer);
        let body = json!({ "name": name, "role": role, "organisation_id": organisation });
        let invited = good(&self.post(&self.officer, "/api/v1/accounts", &body));
        let accept = json!({ "code": invited["invitation"], "password": PASSWORD }).to_string();
        assert_eq!(self.server.post("/api/v1/invitation", &accept).status, 204);
        self.authenticated(self.log_in(name))
    }

    /// A token of a machine.
    pub(crate) fn token(&self, role: &str, organisation: &str) -> String {
        self.step_up(&self.officer);
        let body = json!({ "name": format!("{role} machine"), "role": role, "organisation_id": organisation });
        text(&good(&self.post(&self.officer, "/api/v1/tokens", &body))["secret"])
    }

    /// A pupil of a class, by pseudonym.
    pub(crate) fn pupil(&self, class: &str, name: &str, student_id: &str) -> String {
        let body = json!({ "class_id": class, "name": name, "student_id": student_id, "sex": "female",
            "birth_date": "2013-05-04", "contact": "marker-contact 555 0100" });
        text(&good(&self.post(&self.officer, "/api/v1/pupils", &body))["id"])
    }

    pub(crate) fn get(&self, person: &Person, target: &str) -> Answer {
        self.server.ask("GET", target, &[("accept-language", "en"), ("cookie", &person.cookie)], None)
    }

    pub(crate) fn post(&self, person: &Person, target: &str, body: &Value) -> Answer {
        self.send("POST", person, target, body, &[])
    }

    pub(crate) fn send(
        &self,
        method: &str,
        person: &Person,
        target: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut headers = vec![
            ("accept-language", "en"),
            ("content-type", "application/json"),
            ("cookie", &person.cookie),
            ("x-csrf-token", &person.csrf),
        ];
        headers.extend(more);
        self.server.ask(method, target, &headers, Some(body.to_string().as_bytes()))
    }

    /// A request of a machine.
    pub(crate) fn machine(&self, method: &str, token: &str, target: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("accept-language", "en"), ("content-type", "application/json"), ("authorization", &bearer)];
        let body = body.map(Value::to_string);
        self.server.ask(method, target, &headers, body.as_deref().map(str::as_bytes))
    }

    /// Entries of the audit log of an action.
    pub(crate) fn entries(&self, auditor: &Person, query: &str) -> Vec<Value> {
        let page = good(&self.get(auditor, &format!("/api/v1/audit?{query}")));
        page["items"].as_array().unwrap().clone()
    }
}

/// What is left of a world whose server is to be stopped.
pub(crate) struct Parts {
    pub(crate) server: Running,
    pub(crate) config: StoreConfig,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn parts(self) -> Parts {
        Parts { server: self.server, config: self.config, folder: self.folder }
    }
}

impl Person {
    /// The same person in the session that an answer began.
    pub(crate) fn again(&self, answer: &Answer) -> Self {
        let csrf = text(&good(answer)["csrf"]);
        let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Self { cookie, csrf, ..self.clone() }
    }

    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }
}

/// The body of an answer that must be good.
#[track_caller]
pub(crate) fn good(answer: &Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
