//! A critical answer reaches whoever is on duty, whatever happens.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{alerts_of, answers, class_list, definition, released, roster};
use crate::store::on_both;
use crate::store::world::{World, good, text};

on_both!(an_alert_is_live_and_taken_on_by_a_person, what_nobody_takes_on_goes_to_the_next);

fn prepared(world: &World, contacts: &Value) -> (String, String) {
    roster(world, "", &class_list(&[("1", "marker-name-a"), ("2", "b")]));
    let mut definition = definition("2026-autumn");
    definition["duty"]["contacts"] = contacts.clone();
    (released(world, &definition), world.token("examiner", &world.here.id))
}

fn an_alert_is_live_and_taken_on_by_a_person(world: &World) {
    let counsellor = world.person("counsellor", "counsellor", &world.here.id);
    let elsewhere = world.person("elsewhere", "counsellor", &world.there.id);
    let (id, form) = prepared(world, &json!(["counsellor"]));
    let mut stream = alerts_of(world, &counsellor, None);
    let draft = json!({ "student_id": "1", "answers": { "phq-9": { "9": 2 } }, "revision": 1 });
    let target = format!("/api/v1/screenings/{id}/sheets/s1");
    let begun = Instant::now();
    good(&world.machine("PUT", &form, &format!("{target}/draft"), Some(&draft)));
    let (seq, name, event) = stream.next();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!((name.as_str(), &event["contact"]), ("raised", &"counsellor".into()));
    assert_eq!((&event["alert"]["instrument"], &event["alert"]["open_sheet"]), (&"phq-9".into(), &true.into()));
    assert!(event["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty()));
    assert!(!event.to_string().contains("marker"), "an alert names nobody: {event}");
    let alert = text(&event["alert"]["id"]);
    // The same answer again, and the sheet itself, are no further alert.
    good(&world.machine("PUT", &form, &format!("{target}/draft"), Some(&draft)));
    good(&world.machine("PUT", &form, &target, Some(&json!({ "student_id": "1", "answers": answers(0, 2) }))));
    let sheet = json!({ "student_id": "2", "answers": answers(0, 1) });
    good(&world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s2"), Some(&sheet)));
    let (_, _, second) = stream.next();
    assert_eq!(second["alert"]["sheet"], "s2");
    let listed = good(&world.get(&counsellor, "/api/v1/alerts?open=true"));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    // Who is elsewhere sees nothing, and a machine takes nothing on.
    assert_eq!(good(&world.get(&elsewhere, "/api/v1/alerts")), json!([]));
    let acknowledge = format!("/api/v1/alerts/{alert}/acknowledge");
    world.post(&elsewhere, &acknowledge, &json!({})).refused(404, "not-in-scope", None);
    let machine = world.token("counsellor", &world.here.id);
    world.machine("POST", &machine, &acknowledge, Some(&json!({}))).refused(409, "not-now", None);
    let taken = good(&world.post(&counsellor, &acknowledge, &json!({})));
    assert_eq!(taken["acknowledged_by"], counsellor.account.as_str());
    let late = good(&world.post(&world.officer, &acknowledge, &json!({})));
    assert_eq!(late["acknowledged_by"], counsellor.account.as_str(), "whoever comes second is told who was first");
    let (last, name, _) = stream.next();
    assert_eq!(name, "acknowledged");
    // A page that comes back goes on where it was, and nothing comes twice.
    let mut again = alerts_of(world, &counsellor, Some(&seq));
    assert_eq!(again.next().2["alert"]["sheet"], "s2");
    assert_eq!(again.next().0, last);
    let whole = good(&world.get(&counsellor, &format!("/api/v1/alerts/{alert}")));
    let kinds: Vec<&Value> = whole["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["raised", "acknowledged"]);
}

fn what_nobody_takes_on_goes_to_the_next(world: &World) {
    world.person("counsellor", "counsellor", &world.here.id);
    let (id, form) = prepared(world, &json!(["counsellor", "officer"]));
    let sheet = json!({ "student_id": "1", "answers": answers(0, 3) });
    good(&world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s1"), Some(&sheet)));
    let mut stream = alerts_of(world, &world.officer, None);
    assert_eq!(stream.next().2["contact"], "counsellor");
    for contact in ["officer", "counsellor"] {
        world.clock.advance(Duration::from_secs(601));
        let (_, name, event) = stream.next();
        assert_eq!((name.as_str(), &event["contact"]), ("escalated", &contact.into()));
    }
    // The clock moved past the session of the officer by less than an hour: it still stands.
    let alerts = good(&world.get(&world.officer, "/api/v1/alerts"));
    let alert = text(&alerts[0]["id"]);
    good(&world.post(&world.officer, &format!("/api/v1/alerts/{alert}/acknowledge"), &json!({})));
    assert_eq!(stream.next().1, "acknowledged");
    world.clock.advance(Duration::from_mins(20));
    std::thread::sleep(Duration::from_millis(1500));
    let whole = good(&world.get(&world.officer, &format!("/api/v1/alerts/{alert}")));
    assert_eq!(whole["events"].as_array().unwrap().len(), 4, "the clock has stopped");
}

/// A receiver that answers with these statuses, one after the other, then always with the last.
fn receiver(statuses: &'static [u16]) -> (String, Receiver<(String, String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/alerts", listener.local_addr().unwrap());
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for at in 0.. {
            let Ok((mut socket, _)) = listener.accept() else { return };
            let message = read(&mut socket);
            let status = statuses.get(at).or(statuses.last()).unwrap();
            let _ = write!(socket, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if send.send(message).is_err() {
                return;
            }
        }
    });
    (url, receive)
}

fn read(socket: &mut TcpStream) -> (String, String, Vec<u8>) {
    let mut reader = BufReader::new(socket);
    let (mut signature, mut event, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim();
        let Some((name, value)) = line.split_once(':') else {
            if line.is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "x-screening-signature" => value.trim().clone_into(&mut signature),
            "x-screening-event" => value.trim().clone_into(&mut event),
            "content-length" => length = value.trim().parse().unwrap(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (signature, event, body)
}

#[test]
fn a_webhook_is_signed_tried_again_and_replayed() {
    let world = World::sqlite();
    let (id, form) = prepared(&world, &json!([]));
    let refused = world.post(&world.officer, "/api/v1/webhooks", &json!({ "url": "http://example.org/x" }));
    refused.refused(422, "webhook-address", Some("/url"));
    let (url, messages) = receiver(&[500, 302, 200]);
    let webhook = good(&world.post(&world.officer, "/api/v1/webhooks", &json!({ "url": url })));
    let (webhook, secret) = (text(&webhook["id"]), text(&webhook["secret"]));
    assert!(!good(&world.get(&world.officer, "/api/v1/webhooks")).to_string().contains(&secret), "it is shown once");
    let sheet = json!({ "student_id": "1", "answers": answers(0, 1) });
    good(&world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s1"), Some(&sheet)));
    let patience = Duration::from_secs(20);
    let mut last = None;
    for _ in 0..3 {
        last = Some(messages.recv_timeout(patience).unwrap());
        world.clock.advance(Duration::from_secs(5));
    }
    let (signature, event, body) = last.unwrap();
    let (time, given) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(&body);
    assert_eq!(given, data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["kind"], body["seq"].to_string()), (&"raised".into(), event));
    assert!(!body.to_string().contains("marker"), "no name leaves the house");
    let deliveries = format!("/api/v1/webhooks/{webhook}/deliveries");
    let begun = Instant::now();
    loop {
        let listed = good(&world.get(&world.officer, &deliveries));
        if listed[0]["state"] == "delivered" {
            assert_eq!(listed[0]["attempts"], 3);
            break;
        }
        assert!(begun.elapsed() < patience, "{listed}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let replayed =
        good(&world.post(&world.officer, &format!("/api/v1/webhooks/{webhook}/replay"), &json!({ "from": 0 })));
    assert_eq!(replayed["queued"], 1);
    messages.recv_timeout(patience).unwrap();
    let elsewhere = world.person("elsewhere", "counsellor", &world.there.id);
    world.get(&elsewhere, &deliveries).refused(404, "not-in-scope", None);
    assert_eq!(good(&world.get(&elsewhere, "/api/v1/webhooks")), json!([]));
    // Disabled, it gets nothing more.
    good(&world.send("DELETE", &world.officer, &format!("/api/v1/webhooks/{webhook}"), &json!({}), &[]));
    let sheet = json!({ "student_id": "2", "answers": answers(0, 1) });
    good(&world.machine("PUT", &form, &format!("/api/v1/screenings/{id}/sheets/s2"), Some(&sheet)));
    assert!(messages.recv_timeout(Duration::from_secs(2)).is_err());
}
