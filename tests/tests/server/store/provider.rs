//! Sign-in by an identity provider: a throw-away one, which signs whatever a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use screening_server::{Config, IdentityProvider};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::world::{Parts, World, good, text};
use crate::client::{Answer, Running, start};

/// An RSA key made for these tests, and its modulus; and another key.
const KEY: &str = "MIIEowIBAAKCAQEAq/jQ2A987jI2kJZxrikpEB+fqf+kmMK9odAO5BlhKUmPtN7mBQRu6qOwEW/isRNam76pb1QWIenrCJ8VD8V2\
     cQuKxQ+D/bTpEYZY3tA0WPSRZx2wXI+iRXL0yHtOEnnsRMroTa9BIlZLCCsLQiZ+zZ99r4bO92nn5rLhVOm6AbFU+YrXA2fQPo6k\
     LlGHX6ymE2BdbQdA/HqxlcWdt3l+EltG4K4VMT3Pysl7qaekBapMbvd7KJlIfSQipaAIpD6L8IVhko0gWO6sHowKm+lZmv7U8eJE\
     TMOS1eWKTUjpWUFU6+S0NYonMuQvRdXQoxFTTyHViUBV+MRHAWfqjMpxrQIDAQABAoIBAFWhYpSDOcj9tc/PKbH4Cttdc8pZYiMy\
     rOw6xn9r58aAO49rgguzhmtNsGkuVimoInD0wjeOHisq5/52AC3HPE/T2HiBXk7hW0B/rhbcg4Rb218GGIAugTWlpR+CzoBCt5QV\
     mRC9mGg5ocjibgu1UWSf6xyQutPVp0Rng+4dJ6KZUjCHqHKfPxhT8x4ysa7+YerA6XtKZ22RYrugC6RPG/jR1gGpD0QoyVnSBo8G\
     A2wLGyoHUXiMb7YF11uTANB/ecSYRZ7Ix7Mmpycluexm+GK9PAEf8VSol1Y8Vu4HuXo9zD60GM+diMdIxCTWhcOo3ltUEdbgRY0H\
     db4FKJyTpP0CgYEA29gOPTGCb2/jaVojDAP6VD+VQYzYpiUlGYFuLEs79tQ6fsfpCT93hjy/q7TPqgzAkFaq7Zk1poaVzn2L1sLR\
     H/jDrhIAp2TSfA+GPcw9QYBWBMy2hr2xVJmuauxhB9UL3UVv/7LKZsiUpcMXcejAm+8NkHzAwrn/YEvfHdOdf/MCgYEAyEE8ZCS5\
     WO83d9g9Iw0vYeh7RTNcj9/S66h4HVjblWEuIocnVcEu7uc3HPn6PznXKBXtFd9sOoKG2YHkMnsO37eyDpJ8lzwvf9GLM12T+RaH\
     Nzkq78zbkJNnuk+SSjq3Z7inNsCwY2yY2/yFeYQ0YXURjdljcrnetmOcmFZ0T98CgYAQv8At91SpqsuXni9nXfI3cvSrHtDur4vJ\
     CqxbIYw6/OZL/G0LsFMp3fz4VvkvSnNtS70QBwkoW76UEcqSnRsTpX87BtIX7r1+iCxBDwtnryBekz4gu9kDygWYzdOCpj+WJxEm\
     WPfEpul0S43AtuvdtXPCG08QRt1m98DS4+lu8wKBgQDDn160YV+irkUcUOQgWp//4BCToEH61maACVoVKRmQypc76ZWWYxpLDRm8\
     t8Irg4BYS1sIc/KREbNTxVy7p5T3HMbXD2iggI3SKkv2SKLlwIkkfDcifJe8mxLIYTUCSGuj6jGG/iMRbSPCOuPUuj5FOgyE6mkI\
     yOP0fkiaVFJZNwKBgFcxag/wAA1UYH1JgxcV9rdu+XYc0LHJKTc6aEQzttdZ5crAyY07Rq87YE2QLd4PHh7eH0JE2s35HbafBWUM\
     NhlXtd/rQjww1IU+ezZtTJ1DQyRG8Ff3EbOyd4o2YiUwi7Uxhoh/zAXofsakPBYgYmmH03zbfhLU+/xuRoZSyNS9";
const MODULUS: &str = "q_jQ2A987jI2kJZxrikpEB-fqf-kmMK9odAO5BlhKUmPtN7mBQRu6qOwEW_isRNam76pb1QWIenrCJ8VD8V2cQuKxQ-D_bTpEYZY\
     3tA0WPSRZx2wXI-iRXL0yHtOEnnsRMroTa9BIlZLCCsLQiZ-zZ99r4bO92nn5rLhVOm6AbFU-YrXA2fQPo6kLlGHX6ymE2BdbQdA\
     _HqxlcWdt3l-EltG4K4VMT3Pysl7qaekBapMbvd7KJlIfSQipaAIpD6L8IVhko0gWO6sHowKm-lZmv7U8eJETMOS1eWKTUjpWUFU\
     6-S0NYonMuQvRdXQoxFTTyHViUBV-MRHAWfqjMpxrQ";
const OTHER_KEY: &str = "MIIEpAIBAAKCAQEAn0Q7pvhpD/noz1nsYuImVBENwjhNghU0fpsKAQ2L8rPvE9UbP/oRDUF+mIYwBD2di7bq0DtmFzjtHTvQeOrf\
     JUwZp0nDSZ8UvB1QPJJNNeuYUjMKUSI9jcVJ/Vzs+bJhIviMP8cCcheHy75g19gBBruscb+J7tg4yFhaJEwswovU9bGTsLuyFGQx\
     NAQlzHM7Krsp5o/f6FilWqWa/+Ykw8aAvibhk8DR6OSRC+aEqrmYNt9qE61vmY74siGpqPpzt0jGrGytgWFrFRnAgf9eDXEEWdAo\
     x7gMZVvXTqfr8gTvGHF1jtRyKawb5KIUICw5S9gTci52f0Jj+DZZaAWeKwIDAQABAoIBAD3W6gyKXozf/bfpFAJPCg/RMVTstJei\
     MShJfahsAJ9joxxBvhtots89U3DYhXNYE0CI7QKeVaUFqveTXn5cv/kE498TInsHBC+IeDuUmNsrV5DvFX3sPBc8d96jArZvPw0r\
     kZU/6eCv5z/Cc2rLiZZ6L1pZQy7UkLOlrpZyZ1y//nzggRW3Sl22X8B2gb/R6qsnUZHC72hKN7LCbSjJDjjDmPOEyQryxkV48VJU\
     fnX77x3bfb6cDTCtaK2vDkoylYqajBsAESIPICyEkbw6ewerh7d7sZl5hZ6mVkMxKC+NWV4De6W5rp6EeR/3KibIRZnmB4YUlVIh\
     AzVPoCmQyBkCgYEA1s2RnGpRoZQ6Omkw3+OFD7Cw78E623nnWyMIm+W46pM/A7Vx9UIfMeb8hbUHBVOdD3Zn22DfAnRiaWqmTLxi\
     o7aGN8lVaspv0NEaHyqC01UOE54CGR9M9w586pD45UQW8CcRACSaWvlizTxvT74xHdmWC8lnTm+N2Y4+q7NtDcMCgYEAvc/tFMjo\
     c5MdesKdC7pN2opsXk1EOZU2uU7/SqxbJH3DoHmxHBFeKxlW/JAiGpiviiWz9WSqM34CwBxxBCY8IqqwIWzdgMFfq5VA2pJppBX6\
     IMbL9ncTgyf1v1vJmgacbr/pZKMjzvvSIuKbCotBDsx81pvswL6moP8AtoV6n3kCgYEAv80JIyjQQT4RDE0XRiNrkgoMw9i/jHB6\
     hCdxLXtftZ3LW61t1zi2kCGYBHATl88EZGUu8XW7S/7OTSDc45InZdW6XR/atKOUWloMQB3+eWPuUNf7OaF4YPY/1lei110IOmI3\
     zO/iIC+k6Gv5XLQQOX4re9TX+PKlL8jS7xAk5W8CgYATvaxKnRqP6p0GR3dN4PJ36C2dISwXUQ1/+FdUzNgt02alKgLhiGzizp/d\
     ZKAnY/ndxE4TF4UcFd7zXAHlDJT0hgwLbecbnQD2N2+nS9Lw3dhF0GcmGvxMh7tnS4SMIGPkoNEFRnJS9J3GQwsc7Z62i03whAb7\
     hNiPpfXNBdTbAQKBgQCMj7eLOPcQHQD4ihbXfaq9jyKR4Ml8C9dgiYWW2fGSlGytmM1bhJLddLREzoT12StK8s/sTD/kcRj75OZ/\
     GGGuatS+QiXnNgUNb7DP4snEaHw8NyL02qJ4KBOlK4jyRbC1yAjHBiKGEdupvMW/AQ26o1mN/Nm894Z8ULCC5PXxtg==";

const CLIENT: &str = "screening";

/// What the provider does next.
#[derive(Clone)]
struct Says {
    claims: Value,
    key: &'static str,
    kid: &'static str,
    algorithm: Algorithm,
    /// The challenge of the browser, to which the verifier has to fit.
    challenge: String,
    code: String,
}

/// A throw-away provider.
struct Idp {
    address: SocketAddr,
    says: Arc<Mutex<Says>>,
}

impl Idp {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let says = Says {
            claims: Value::Null,
            key: KEY,
            kid: "one",
            algorithm: Algorithm::RS256,
            challenge: String::new(),
            code: String::new(),
        };
        let says = Arc::new(Mutex::new(says));
        let shared = says.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                let mut socket = socket.unwrap();
                let mut reader = BufReader::new(socket.try_clone().unwrap());
                let (mut first, mut length) = (String::new(), 0);
                reader.read_line(&mut first).unwrap();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim_end().to_ascii_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let target = first.split(' ').nth(1).unwrap_or_default();
                let (status, body) =
                    answer(address, target, &String::from_utf8(body).unwrap(), &shared.lock().unwrap());
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                socket.write_all(head.as_bytes()).unwrap();
                socket.write_all(body.as_bytes()).unwrap();
            }
        });
        Self { address, says }
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn set(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

/// A field of a form.
fn field(form: &str, key: &str) -> String {
    let value = form.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(address: SocketAddr, target: &str, form: &str, says: &Says) -> (u16, String) {
    let base = format!("http://{address}");
    match target {
        "/.well-known/openid-configuration" => (
            200,
            json!({ "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys") })
            .to_string(),
        ),
        "/keys" => {
            let key = json!({ "kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "n": MODULUS, "e": "AQAB" });
            (200, json!({ "keys": [{ "kty": "of another kind", "kid": "x" }, key] }).to_string())
        }
        "/token" => {
            let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(field(form, "code_verifier")));
            let right = [
                (field(form, "grant_type"), "authorization_code".to_owned()),
                (field(form, "client_id"), CLIENT.to_owned()),
                (field(form, "code"), says.code.clone()),
                (challenge, says.challenge.clone()),
            ];
            if right.iter().any(|(given, wanted)| given != wanted) {
                return (400, json!({ "error": "invalid_grant" }).to_string());
            }
            let header = Header { kid: Some(says.kid.to_owned()), ..Header::new(says.algorithm) };
            let key = BASE64.decode(says.key.as_bytes()).unwrap();
            let key = match says.algorithm {
                // The public key as a secret: who takes any algorithm takes this.
                Algorithm::HS256 => EncodingKey::from_secret(MODULUS.as_bytes()),
                _ => EncodingKey::from_rsa_der(&key),
            };
            let token = encode(&header, &says.claims, &key).unwrap();
            (200, json!({ "access_token": "x", "token_type": "Bearer", "id_token": token }).to_string())
        }
        _ => (404, "{}".to_owned()),
    }
}

/// A server with a provider, an officer in a session, and a counsellor.
struct House {
    idp: Idp,
    world: World,
    counsellor: String,
}

fn house() -> House {
    let world = World::sqlite();
    let counsellor = world.person("counsellor", "counsellor", &world.here.id).account;
    let (officer, clock, district, here, there) =
        (world.officer.clone(), world.clock.clone(), world.district.clone(), world.here.clone(), world.there.clone());
    let Parts { server, config, folder } = world.parts();
    server.join();
    let idp = Idp::start();
    let provider = IdentityProvider::new(idp.issuer(), CLIENT, "https://screening.example.org");
    let server = start(Config { store: Some(config.clone()), provider: Some(provider), ..Config::default() });
    let world = World::resumed(server, config, folder, (clock, officer, district), (here, there));
    House { idp, world, counsellor }
}

/// A browser that begins: where it is sent, and its cookie.
fn begin(server: &Running) -> (String, String) {
    let answer = server.get("/api/v1/session/provider");
    assert_eq!(answer.status, 303, "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("Secure") && cookie.contains("SameSite=Lax"), "{cookie}");
    (answer.header("location").unwrap().to_owned(), cookie.split(';').next().unwrap().to_owned())
}

fn back(server: &Running, query: &str, cookie: &str) -> Answer {
    let target = format!("/api/v1/session/provider/return?{query}");
    server.ask("GET", &target, &[("accept-language", "en"), ("cookie", cookie)], None)
}

impl House {
    /// One attempt from its beginning to its end; `change` says what the provider does otherwise.
    fn attempt(&self, change: impl FnOnce(&mut Says)) -> Answer {
        let (address, cookie) = begin(&self.world.server);
        let query = self.proved(&address, change);
        back(&self.world.server, &query, &cookie)
    }

    /// The provider has looked at somebody: what the browser brings back.
    fn proved(&self, address: &str, change: impl FnOnce(&mut Says)) -> String {
        let query = address.strip_prefix(&format!("{}/authorize?", self.idp.issuer())).expect("to the provider");
        assert_eq!(field(query, "response_type"), "code");
        assert_eq!(field(query, "code_challenge_method"), "S256");
        assert_eq!(field(query, "redirect_uri"), "https://screening.example.org/api/v1/session/provider/return");
        let now = self.world.clock.now() / 1000;
        self.idp.set(|says| {
            says.claims = json!({ "iss": self.idp.issuer(), "sub": "248289761001", "aud": CLIENT, "iat": now,
                "exp": now + 300, "nonce": field(query, "nonce"), "email": "Wang@Example.org", "email_verified": true });
            (says.key, says.kid, says.algorithm) = (KEY, "one", Algorithm::RS256);
            (says.challenge, says.code) = (field(query, "code_challenge"), "the code".to_owned());
            change(says);
        });
        format!("state={}&code=the%20code&session_state=x", field(query, "state"))
    }

    fn bind(&self, body: &Value) -> Answer {
        self.world.step_up(&self.world.officer);
        let target = format!("/api/v1/accounts/{}/provider", self.counsellor);
        self.world.send("PUT", &self.world.officer, &target, body, &[])
    }
}

/// The session of an answer, seen as its holder sees it.
fn session_of(house: &House, answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("location")), (303, Some("/api")), "{}", answer.text());
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert!(answer.header("set-cookie").unwrap().contains("SameSite=Strict"));
    good(&house.world.server.ask("GET", "/api/v1/session", &[("cookie", &cookie)], None))
}

#[test]
fn who_is_bound_is_signed_in_as_the_account() {
    let house = house();
    house.attempt(|_| {}).refused(401, "log-in-refused", None);
    assert_eq!(good(&house.bind(&json!({ "subject": "248289761001" })))["id"], house.counsellor.as_str());
    let who = session_of(&house, &house.attempt(|_| {}));
    assert_eq!((&who["id"], &who["role"]), (&json!(house.counsellor), &json!("counsellor")));
    assert_eq!(who["step_up_until"], Value::Null, "the provider is not the second factor of this server");
    assert_eq!(who["organisation_id"], house.world.here.id.as_str());
    // By a mail address that the provider has verified, whatever its case; and by nothing else.
    good(&house.bind(&json!({ "email": "wang@example.ORG " })));
    session_of(&house, &house.attempt(|_| {}));
    house.attempt(|says| says.claims["email_verified"] = json!(false)).refused(401, "log-in-refused", None);
    house.attempt(|says| drop(says.claims.as_object_mut().unwrap().remove("email_verified"))).refused(
        401,
        "log-in-refused",
        None,
    );
    house.attempt(|says| says.claims["email"] = json!("li@example.org")).refused(401, "log-in-refused", None);
    house.bind(&json!({})).refused(422, "missing-key", Some("/subject"));
    house.bind(&json!({ "subject": "a", "email": "b@c" })).refused(422, "conflicting-keys", Some("/subject"));
    // A disabled account, and one that is bound no more, is nobody's.
    let target = format!("/api/v1/accounts/{}", house.counsellor);
    let world = &house.world;
    let disable =
        |disabled: bool| good(&world.send("PATCH", &world.officer, &target, &json!({ "disabled": disabled }), &[]));
    disable(true);
    house.attempt(|_| {}).refused(401, "log-in-refused", None);
    disable(false);
    session_of(&house, &house.attempt(|_| {}));
    good(&world.send("DELETE", &world.officer, &format!("{target}/provider"), &json!({}), &[]));
    house.attempt(|_| {}).refused(401, "log-in-refused", None);
    let log = crate::log::log();
    assert!(!log.to_lowercase().contains("wang@example") && !log.contains("248289761001"), "the log names nobody");
}

#[test]
fn a_token_that_is_not_for_this_attempt_is_refused() {
    let house = house();
    good(&house.bind(&json!({ "subject": "248289761001" })));
    session_of(&house, &house.attempt(|_| {}));
    let now = house.world.clock.now() / 1000;
    let refused = |what: &str, change: &dyn Fn(&mut Says)| {
        let answer = house.attempt(|says| change(says));
        assert_eq!((answer.status, answer.header("set-cookie")), (401, None), "{what}: {}", answer.text());
        answer.refused(401, "log-in-refused", None);
    };
    refused("another nonce", &|says| says.claims["nonce"] = json!("another"));
    refused("no nonce", &|says| drop(says.claims.as_object_mut().unwrap().remove("nonce")));
    refused("another audience", &|says| says.claims["aud"] = json!("somebody"));
    refused("several audiences, another party", &|says| {
        says.claims["aud"] = json!([CLIENT, "somebody"]);
        says.claims["azp"] = json!("somebody");
    });
    refused("another issuer", &|says| says.claims["iss"] = json!("https://login.example.org"));
    refused("expired", &|says| says.claims["exp"] = json!(now - 3600));
    refused("of the future", &|says| says.claims["iat"] = json!(now + 3600));
    refused("a time that is no number", &|says| says.claims["exp"] = json!("9999999999"));
    refused("another subject", &|says| says.claims["sub"] = json!("1"));
    refused("another key", &|says| says.key = OTHER_KEY);
    refused("an unknown key", &|says| says.kid = "two");
    refused("a secret in place of a key", &|says| says.algorithm = Algorithm::HS256);
    refused("another code", &|says| says.code = "another".to_owned());
    refused("another verifier", &|says| says.challenge = "another".to_owned());
    let several = house.attempt(|says| {
        says.claims["aud"] = json!([CLIENT, "somebody"]);
        says.claims["azp"] = json!(CLIENT);
    });
    session_of(&house, &several);
}

#[test]
fn an_attempt_counts_once_and_for_the_browser_that_began_it() {
    let house = house();
    let server = &house.world.server;
    good(&house.bind(&json!({ "subject": "248289761001" })));
    let (address, cookie) = begin(server);
    let query = house.proved(&address, |_| {});
    let (_, other) = begin(server);
    back(server, &query, &other).refused(401, "log-in-refused", None);
    back(server, &query, "").refused(401, "log-in-refused", None);
    back(server, "code=x", &cookie).refused(401, "log-in-refused", None);
    session_of(&house, &back(server, &query, &cookie));
    back(server, &query, &cookie).refused(401, "log-in-refused", None);
    // An attempt is over after ten minutes.
    let (address, cookie) = begin(server);
    house.world.clock.advance(Duration::from_mins(11));
    let query = house.proved(&address, |_| {});
    back(server, &query, &cookie).refused(401, "log-in-refused", None);
    // The provider says no, or that it is another.
    let (address, cookie) = begin(server);
    let state = field(address.split_once('?').unwrap().1, "state");
    back(server, &format!("state={state}&error=access_denied"), &cookie).refused(401, "log-in-refused", None);
    let (address, cookie) = begin(server);
    let query = house.proved(&address, |_| {});
    back(server, &format!("{query}&iss=https%3A%2F%2Flogin.example.org"), &cookie).refused(401, "log-in-refused", None);
}

#[test]
fn without_a_provider_or_when_it_is_away_it_is_said() {
    let world = World::sqlite();
    world.server.get("/api/v1/session/provider").refused(404, "no-provider", None);
    world.server.get("/api/v1/session/provider/return?state=x").refused(404, "no-provider", None);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let provider = IdentityProvider::new(format!("http://{gone}"), CLIENT, "https://screening.example.org");
    let Parts { server, config, folder: _folder } = world.parts();
    server.join();
    let server = start(Config { store: Some(config), provider: Some(provider), ..Config::default() });
    let refused = server.get("/api/v1/session/provider");
    assert!(refused.header("set-cookie").is_none());
    refused.refused(502, "provider-unavailable", None);
    assert!(text(&refused.json()["help"]).contains("password"));
}
