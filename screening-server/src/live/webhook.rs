//! Alerts on their way to other systems: signed, tried again, and never dropped in silence.
//!
//! What is to be sent stands in the store since the transaction of the answer. A message bears
//! `X-Screening-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body" in hexadecimal>`: the receiver compares the signature, and
//! refuses a time that lies minutes back. A message may come twice; `X-Screening-Event` is its number.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::state::App;
use crate::store::webhooks::{self, Attempted, Due};
use crate::store::{Caller, Store, StoreError, alerts};

/// Attempts before a message is given up: with the waits between them about a day and a half.
const ATTEMPTS: i64 = 21;
/// Longest wait between two attempts, in milliseconds.
const LONGEST: i64 = 3 * 3600 * 1000;
/// How often it is looked for what is due, when nothing new comes.
const EVERY: Duration = Duration::from_millis(500);
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The signature of a body at a time, in seconds since 1970.
pub(crate) fn signature(secret: &str, seconds: i64, body: &[u8]) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={seconds},v1={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// Milliseconds until the next attempt, after so many that failed: one second, twice as long each time, at most three hours.
fn wait(failed: i64) -> i64 {
    let doubled = 1000_i64.checked_shl(u32::try_from(failed.clamp(0, 40)).unwrap_or(40)).filter(|wait| *wait > 0);
    doubled.map_or(LONGEST, |wait| wait.min(LONGEST))
}

/// Whether an address may be sent to: https anywhere, http within the machine and private networks only.
pub(crate) fn is_allowed(url: &str) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    if url.len() > 2000 || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return false;
    }
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost"
                || bare.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_private())
                || bare.parse::<std::net::Ipv6Addr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unique_local())
        }
        _ => false,
    }
}

pub(super) async fn run(app: App) {
    let Some(store) = app.store.clone() else { return };
    let mut news = app.live.hub.alerts();
    loop {
        match send_all(&store).await {
            // There may be more than one round takes.
            Ok(sent) if sent > 0 => continue,
            Ok(_) => {}
            Err(_) => tracing::error!("webhooks were not sent; it is tried again"),
        }
        let _ = tokio::time::timeout(EVERY, news.changed()).await;
    }
}

/// Sends what is due; gives the number.
async fn send_all(store: &Store) -> Result<usize, StoreError> {
    let due = webhooks::due(store.pool(), store.clock().now()).await?;
    let sent = due.iter().map(|due| send(store, due));
    // Side by side: a receiver that does not answer must not keep the others waiting.
    for outcome in futures_util::future::join_all(sent).await {
        outcome?;
    }
    Ok(due.len())
}

async fn send(store: &Store, due: &Due) -> Result<(), StoreError> {
    let caller = Caller::system("webhook", due.district_id.clone());
    let mut work = store.begin(&caller, "webhook.read").await?;
    let address = webhooks::address(&mut work, &due.webhook_id).await?;
    let event = alerts::event_of(&mut work, due.seq).await?;
    work.commit().await?;
    let now = store.clock().now();
    let outcome = match address {
        None => Attempted::Dead("disabled".to_owned()),
        Some((url, secret)) => {
            let body = serde_json::to_vec(&event).unwrap_or_default();
            let signature = signature(&secret, now / 1000, &body);
            let seq = due.seq;
            let sending = tokio::task::spawn_blocking(move || post(&url, &signature, seq, &body));
            match sending.await.unwrap_or_else(|_| Err("defect".to_owned())) {
                Ok(()) => Attempted::Delivered,
                Err(why) if due.attempts + 1 >= ATTEMPTS => Attempted::Dead(why),
                Err(why) => Attempted::Again(now + wait(due.attempts), why),
            }
        }
    };
    let mut work = store.begin(&caller, "webhook.send").await?;
    webhooks::attempted(&mut work, due, &outcome).await?;
    work.commit().await
}

/// Asks others, and follows no redirection.
pub(crate) fn agent(patience: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(patience))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into()
}

/// Posts a message; a redirection is no answer.
fn post(url: &str, signature: &str, seq: i64, body: &[u8]) -> Result<(), String> {
    let request = agent(PATIENCE)
        .post(url)
        .header("content-type", "application/json")
        .header("x-screening-event", seq.to_string())
        .header("x-screening-signature", signature);
    match request.send(body) {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!("status {}", response.status().as_u16())),
        Err(error) => Err(word(&error).to_owned()),
    }
}

/// A word for what went wrong, without the address.
fn word(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "timeout",
        ureq::Error::HostNotFound => "host not found",
        ureq::Error::ConnectionFailed | ureq::Error::Io(_) => "connection failed",
        ureq::Error::TooManyRedirects => "redirection",
        _ => "not sent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_an_hmac_over_time_and_body() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
        let known = "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
        assert_eq!(signature("secret", 1_700_000_000, br#"{"a":1}"#), known);
        assert_ne!(signature("secret", 1_700_000_001, br#"{"a":1}"#), known);
        assert_ne!(signature("other", 1_700_000_000, br#"{"a":1}"#), known);
    }

    #[test]
    fn waits_double_up_to_three_hours() {
        assert_eq!([0, 1, 2, 10].map(wait), [1000, 2000, 4000, 1_024_000]);
        assert_eq!([14, 40, 1_000_000].map(wait), [LONGEST; 3]);
        let all: i64 = (0..ATTEMPTS - 1).map(wait).sum();
        assert!(all > 20 * 3600 * 1000, "a receiver may be away over night: {all}");
    }

    #[test]
    fn plain_addresses_stay_within_the_house() {
        for allowed in [
            "https://example.org/x",
            "http://127.0.0.1:8081/x",
            "http://10.1.2.3/x",
            "http://localhost:1/",
            "http://[::1]:8/",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for refused in [
            "http://example.org/x",
            "http://8.8.8.8/",
            "ftp://localhost/",
            "https://a@b/",
            "/x",
            "x",
            "file:///etc/passwd",
        ] {
            assert!(!is_allowed(refused), "{refused}");
        }
    }
}
