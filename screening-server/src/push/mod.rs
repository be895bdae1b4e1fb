//! Answers that survey platforms push: what each sends, and how it is known that the platform sent it.
//!
//! Every platform is read into the same [`Pushed`]: cells by heading, as they would stand in an export. Which cell answers which
//! item is said by the mapping of the screening, and read by the code that reads files.

mod jinshuju;
mod tencent;
mod wenjuanxing;

use serde_json::{Map, Value};

/// Heading of the platform's number of the answer.
pub(crate) const ID: &str = "@id";
/// Heading of the time of submission.
pub(crate) const SUBMITTED: &str = "@submitted";
/// Heading of the seconds taken.
pub(crate) const DURATION: &str = "@duration";
/// Between the answers to one question that takes several.
const SEVERAL: &str = "┋";

/// As many cells as one push may have.
const MOST_CELLS: usize = 5_000;

/// A platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Platform {
    Wenjuanxing,
    Tencent,
    Jinshuju,
}

impl Platform {
    pub(crate) const ALL: [Self; 3] = [Self::Wenjuanxing, Self::Tencent, Self::Jinshuju];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Wenjuanxing => "wenjuanxing",
            Self::Tencent => "tencent",
            Self::Jinshuju => "jinshuju",
        }
    }

    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.word() == word)
    }

    /// Whether pushes bear a signature, so that a key for it has to be known.
    pub(crate) fn signs(self) -> bool {
        self == Self::Wenjuanxing
    }
}

/// What happened to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// It was given, or changed: platforms that do not say which push both alike.
    Put,
    /// It was deleted.
    Delete,
    /// The platform tries the address.
    Test,
}

/// One push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pushed {
    pub(crate) action: Action,
    /// The platform's number of the survey.
    pub(crate) survey: String,
    /// The platform's number of the answer.
    pub(crate) answer: String,
    /// Cells by heading, as in an export, in their order.
    pub(crate) cells: Vec<(String, String)>,
}

/// Why a push cannot be read. Holds no content of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is no JSON object.
    NotJson,
    /// This key is not there, or of another type.
    Key(&'static str),
    /// The signature is not that of the key.
    Signature,
    /// It has too many cells.
    TooLarge,
}

/// Reads a push. `secret` is the key of the signature, where the platform signs.
pub(crate) fn read(platform: Platform, body: &[u8], secret: Option<&str>) -> Result<Pushed, Unread> {
    let object = object(body)?;
    if platform.signs() {
        wenjuanxing::check(&object, secret)?;
    }
    of_platform(platform, &object)
}

/// Reads a push that was kept as it came: its signature was checked then.
pub(crate) fn kept(platform: Platform, body: &[u8]) -> Result<Pushed, Unread> {
    of_platform(platform, &object(body)?)
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Unread> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Unread::NotJson),
    }
}

fn of_platform(platform: Platform, object: &Map<String, Value>) -> Result<Pushed, Unread> {
    let pushed = match platform {
        Platform::Wenjuanxing => wenjuanxing::read(object)?,
        Platform::Tencent => tencent::read(object)?,
        Platform::Jinshuju => jinshuju::read(object)?,
    };
    if pushed.cells.len() > MOST_CELLS { Err(Unread::TooLarge) } else { Ok(pushed) }
}

impl Pushed {
    /// The push as a table of one row, for the readers of files.
    pub(crate) fn table(&self) -> Vec<u8> {
        let row: Map<String, Value> = self.cells.iter().map(|(key, cell)| (key.clone(), cell.clone().into())).collect();
        // Texts only: there is nothing that could not be written.
        serde_json::to_vec(&[row]).unwrap_or_default()
    }
}

/// A text or number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn needed(object: &Map<String, Value>, key: &'static str) -> Result<String, Unread> {
    object.get(key).and_then(text).filter(|text| !text.trim().is_empty()).ok_or(Unread::Key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_push_is_refused_and_not_repeated() {
        for platform in Platform::ALL {
            assert_eq!(Platform::named(platform.word()), Some(platform));
            for body in [&b"marker"[..], b"[]", b"3", b"\xff", b""] {
                assert_eq!(read(platform, body, Some("k")), Err(Unread::NotJson));
            }
            assert!(matches!(read(platform, b"{}", Some("k")), Err(Unread::Key(_))), "{platform:?}");
        }
        assert_eq!(Platform::named("nowhere"), None);
    }

    #[test]
    fn a_push_is_a_table_of_one_row() {
        let cells = vec![("q1".to_owned(), "2".to_owned()), (ID.to_owned(), "7".to_owned())];
        let pushed = Pushed { action: Action::Put, survey: "s".to_owned(), answer: "7".to_owned(), cells };
        assert_eq!(String::from_utf8(pushed.table()).unwrap(), r#"[{"q1":"2","@id":"7"}]"#);
    }
}
