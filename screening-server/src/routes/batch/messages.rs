//! An Arrow stream (the IPC streaming format) cut into its messages, with bounded memory.
//!
//! A message is believed only as far as it was looked at here: lengths and places in it come from outside, and the reader of polars
//! reserves what they say.

use bytes::{Bytes, BytesMut};
use polars_arrow_format::ipc::planus::{self, ReadAsRoot};
use polars_arrow_format::ipc::{MessageHeaderRef, MessageRef, RecordBatchRef};

use crate::problem::{Fault, ProblemKind};

/// What stands before the length of each message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Continuation and length.
const PREFIX: usize = 8;

/// Why a stream is none, by the key of its text.
pub(super) fn invalid(reason: &'static str) -> Fault {
    Fault::new(ProblemKind::InvalidArrow).with_text("reason", reason)
}

fn broken(_: planus::Error) -> Fault {
    invalid("arrow-broken")
}

/// How large messages may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Bytes of the schema, and of what describes a batch.
    pub(super) description: usize,
    /// Bytes of a batch.
    pub(super) batch: usize,
    /// Rows of a batch.
    pub(super) rows: usize,
}

/// A message with everything that belongs to it, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// What the columns are.
    Schema(Bytes),
    /// Some rows.
    Batch(Bytes, usize),
    /// The stream says that it ends.
    End,
}

/// Cuts what comes in into messages. Holds no more than one that is not whole.
#[derive(Debug)]
pub(super) struct Messages {
    most: Most,
    open: BytesMut,
    /// The stream has said that it ends: nothing may follow.
    ended: bool,
}

impl Messages {
    pub(super) fn new(most: Most) -> Self {
        Self { most, open: BytesMut::new(), ended: false }
    }

    /// Takes what came in.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.open.extend_from_slice(data);
    }

    /// Nothing of a further message has come.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Fault> {
        if self.ended && !self.open.is_empty() {
            return Err(invalid("arrow-after-end"));
        }
        let Some(prefix) = self.open.first_chunk::<PREFIX>() else { return Ok(None) };
        let [a, b, c, d, length @ ..] = *prefix;
        if [a, b, c, d] != CONTINUATION {
            return Err(invalid("arrow-not-a-stream"));
        }
        let length = usize::try_from(i32::from_le_bytes(length)).map_err(|_| invalid("arrow-broken"))?;
        if length > self.most.description {
            return Err(too_large("arrow-bytes", self.most.description));
        }
        if length == 0 {
            let _ = self.open.split_to(PREFIX);
            self.ended = true;
            return Ok(Some(Message::End));
        }
        let Some(description) = self.open.get(PREFIX..PREFIX + length) else { return Ok(None) };
        let message = MessageRef::read_as_root(description).map_err(broken)?;
        let body = usize::try_from(message.body_length().map_err(broken)?).map_err(|_| invalid("arrow-broken"))?;
        if body > self.most.batch {
            return Err(too_large("arrow-bytes", self.most.batch));
        }
        let rows = match message.header().map_err(broken)? {
            Some(MessageHeaderRef::Schema(_)) => None,
            Some(MessageHeaderRef::RecordBatch(batch)) => Some(checked(batch, body, self.most.rows)?),
            Some(MessageHeaderRef::DictionaryBatch(_)) => return Err(invalid("arrow-dictionary")),
            _ => return Err(invalid("arrow-broken")),
        };
        let whole = PREFIX + length + body;
        if self.open.len() < whole {
            return Ok(None);
        }
        let bytes = self.open.split_to(whole).freeze();
        Ok(Some(rows.map_or(Message::Schema(bytes.clone()), |rows| Message::Batch(bytes, rows))))
    }
}

/// More than is taken of something, whose text has this key.
pub(super) fn too_large(unit: &'static str, limit: usize) -> Fault {
    Fault::new(ProblemKind::BatchTooLarge).with("limit", limit).with_text("unit", unit)
}

/// The rows of a batch that says nothing that cannot be: every column is as long as the batch, and all buffers together fit into the
/// body (no two may share their bytes, or a small body could ask for any amount of memory).
fn checked(batch: RecordBatchRef<'_>, body: usize, most_rows: usize) -> Result<usize, Fault> {
    let length = batch.length().map_err(broken)?;
    let rows = usize::try_from(length).map_err(|_| invalid("arrow-broken"))?;
    if rows > most_rows {
        return Err(too_large("arrow-rows", most_rows));
    }
    if batch.compression().map_err(broken)?.is_some() {
        return Err(invalid("arrow-compressed"));
    }
    let nodes = batch.nodes().map_err(broken)?;
    let even = nodes.is_some_and(|nodes| {
        nodes.iter().all(|node| node.length() == length && (0..=length).contains(&node.null_count()))
    });
    let mut room = body as u64;
    let mut fits = |offset: i64, length: i64| {
        let (Ok(offset), Ok(length)) = (u64::try_from(offset), u64::try_from(length)) else { return false };
        let inside = offset.checked_add(length).is_some_and(|end| end <= body as u64) && length <= room;
        room = room.saturating_sub(length);
        inside
    };
    let buffers = batch.buffers().map_err(broken)?;
    let within = buffers.is_some_and(|buffers| buffers.iter().all(|buffer| fits(buffer.offset(), buffer.length())));
    if even && within { Ok(rows) } else { Err(invalid("arrow-broken")) }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;

    const MOST: Most = Most { description: 1 << 16, batch: 1 << 16, rows: 100 };

    fn stream() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut frame = df!("a" => [1_i64, 2, 3], "b" => ["x", "yy", "zzz"]).unwrap();
        IpcStreamWriter::new(&mut bytes).finish(&mut frame).unwrap();
        bytes
    }

    /// Messages of a stream that comes in pieces of this size.
    fn cut(bytes: &[u8], piece: usize, most: Most) -> Result<Vec<Message>, Fault> {
        let mut messages = Messages::new(most);
        let mut found = Vec::new();
        for part in bytes.chunks(piece) {
            messages.push(part);
            while let Some(message) = messages.next()? {
                found.push(message);
            }
        }
        assert!(messages.is_empty());
        Ok(found)
    }

    #[test]
    fn messages_are_the_same_however_they_come_in() {
        let bytes = stream();
        let whole = cut(&bytes, bytes.len(), MOST).unwrap();
        let [Message::Schema(schema), Message::Batch(batch, 3), Message::End] = &whole[..] else { panic!("{whole:?}") };
        assert_eq!([&schema[..], batch, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]].concat(), bytes);
        for piece in [1, 3, 8, 100] {
            assert_eq!(cut(&bytes, piece, MOST).unwrap(), whole, "pieces of {piece}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_whole() {
        let kind = |most: Most| cut(&stream(), 64, most).unwrap_err().kind;
        assert_eq!(kind(Most { description: 16, ..MOST }), ProblemKind::BatchTooLarge);
        assert_eq!(kind(Most { batch: 16, ..MOST }), ProblemKind::BatchTooLarge);
        assert_eq!(kind(Most { rows: 2, ..MOST }), ProblemKind::BatchTooLarge);
    }
}
