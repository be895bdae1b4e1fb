//! Wenjuanxing (问卷星): one flat object, every value a text. `sign` is SHA-1 over survey number, running number and the key that
//! the platform gave out.
//!
//! The signature says that the sender knows the key; it does not cover the answers. Only the transport (https) protects those.
//!
//! Source: showdoc.com.cn/wjxopenapi, "答卷api推送".

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use super::{Action, DURATION, ID, Pushed, SUBMITTED, Unread, needed, text};

/// Keys that are no answers and nothing about the sheet.
const LEFT: [&str; 2] = ["sign", "name"];

/// The signature: SHA-1 of `activity`, `index` and the key, one behind the other, in hexadecimal.
fn sign(activity: &str, index: &str, key: &str) -> String {
    let digest = Sha1::new().chain_update(activity).chain_update(index).chain_update(key).finalize();
    data_encoding::HEXLOWER.encode(&digest)
}

/// Whether the sender knows the key.
pub(super) fn check(object: &Map<String, Value>, key: Option<&str>) -> Result<(), Unread> {
    let (activity, index) = (needed(object, "activity")?, needed(object, "index")?);
    let given = needed(object, "sign")?.to_ascii_lowercase();
    let own = sign(&activity, &index, key.ok_or(Unread::Signature)?);
    if bool::from(own.as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(Unread::Signature) }
}

pub(super) fn read(object: &Map<String, Value>) -> Result<Pushed, Unread> {
    let activity = needed(object, "activity")?;
    let index = needed(object, "index")?;
    // The running number also stands in every export; `joinid` does not.
    let answer = index;
    let mut cells = vec![(ID.to_owned(), answer.clone())];
    for (heading, value) in object.iter().filter(|(heading, _)| !LEFT.contains(&heading.as_str())) {
        let Some(cell) = text(value) else { continue };
        let heading = match heading.as_str() {
            "submittime" => SUBMITTED,
            "timetaken" => DURATION,
            other => other,
        };
        cells.push((heading.to_owned(), cell));
    }
    Ok(Pushed { action: Action::Put, survey: activity, answer, cells })
}

#[cfg(test)]
mod tests {
    use crate::push::{Platform, read};

    use super::*;

    /// The example of the platform's page, completed with what it says is there.
    fn body(sign: &str) -> String {
        format!(
            r#"{{"activity": "5657754", "name": "marker", "timetaken": "528", "submittime": "2016-08-23 10:01:59", "q1": "1",
                "q2": "text", "q3": "1,2", "joinid": "101812480275", "index": "12", "totalvalue": "15", "sign": "{sign}"}}"#
        )
    }

    #[test]
    fn the_signature_is_that_of_the_three_parts() {
        // printf 565775412secret | sha1sum
        assert_eq!(sign("5657754", "12", "secret"), "b17cf86239159980c1eae24c00e4c223aa810dc5");
    }

    #[test]
    fn a_push_is_read_and_the_title_is_left() {
        let own = sign("5657754", "12", "secret");
        let pushed = read(Platform::Wenjuanxing, body(&own.to_uppercase()).as_bytes(), Some("secret")).unwrap();
        assert_eq!((pushed.survey.as_str(), pushed.answer.as_str()), ("5657754", "12"));
        let cell = |key: &str| pushed.cells.iter().find(|(known, _)| known == key).map(|(_, cell)| cell.as_str());
        assert_eq!((cell("q1"), cell("q3"), cell(DURATION)), (Some("1"), Some("1,2"), Some("528")));
        assert_eq!((cell("name"), cell("sign"), cell("joinid")), (None, None, Some("101812480275")));
    }

    #[test]
    fn a_wrong_signature_is_refused() {
        for (given, key) in
            [("", Some("secret")), ("00", Some("secret")), (&*sign("5657754", "12", "other"), Some("secret"))]
        {
            let refused = read(Platform::Wenjuanxing, body(given).as_bytes(), key).unwrap_err();
            assert!(matches!(refused, Unread::Signature | Unread::Key("sign")), "{given}");
        }
        let own = sign("5657754", "12", "secret");
        assert_eq!(read(Platform::Wenjuanxing, body(&own).as_bytes(), None), Err(Unread::Signature));
    }
}
