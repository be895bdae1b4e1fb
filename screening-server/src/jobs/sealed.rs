//! The form of files of jobs: encrypted in parts, each bound to its file and place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::store::{Place, Store, StoreError};

/// Bytes of a part.
const PART: usize = 1 << 20;
/// Longest part as it is stored: nonce and tag come on top.
const LONGEST: usize = PART + 64;
/// How files are called when they are whole.
pub(super) const SEALED: &str = "sealed";
/// How a file is called that is to take the place of another.
pub(super) const AGAIN: &str = "again";

/// Folder of all jobs.
pub(super) fn folder(store: &Store) -> PathBuf {
    store.data().join("jobs")
}

/// Folder of a job. Its id is one of this program.
pub(super) fn of_job(store: &Store, job: &str) -> PathBuf {
    folder(store).join(job)
}

pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StoreError::file(path, error))
}

/// A file that is being written, part by part.
pub(crate) struct Sealing {
    store: Store,
    pub(super) path: PathBuf,
    bound: String,
    key_id: String,
    file: File,
    open: Vec<u8>,
    part: u64,
    hash: Sha256,
    bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// SHA-256 of the content.
    pub(crate) hash: String,
    pub(crate) bytes: u64,
}

fn place(bound: &str) -> Place<'_> {
    Place { table: "file", column: "part", row: bound }
}

/// What a part is bound to: it cannot be moved to another file or place, and the last says that it is the last.
fn bound(name: &str, part: u64, last: bool) -> String {
    format!("{name} {part} {}", if last { "end" } else { "more" })
}

impl Sealing {
    /// Begins a file of a job.
    pub(crate) fn begin(store: &Store, job: &str, name: &str) -> Result<Self, StoreError> {
        Self::called(store, job, name, SEALED)
    }

    /// Begins what is to take the place of a file.
    pub(super) fn beside(store: &Store, job: &str, name: &str) -> Result<Self, StoreError> {
        Self::called(store, job, name, AGAIN)
    }

    fn called(store: &Store, job: &str, name: &str, ending: &str) -> Result<Self, StoreError> {
        let folder = of_job(store, job);
        make(&folder)?;
        let path = folder.join(format!("{name}.{ending}"));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        let mut file = file.map_err(|error| StoreError::file(&path, error))?;
        let key_id = store.vault().current();
        let head = format!("{key_id}\n");
        file.write_all(head.as_bytes()).map_err(|error| StoreError::file(&path, error))?;
        let bound = format!("{job}/{name}");
        Ok(Self {
            store: store.clone(),
            path,
            bound,
            key_id,
            file,
            open: Vec::new(),
            part: 0,
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    /// Adds to it.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.open.extend_from_slice(bytes);
        while self.open.len() > PART {
            let rest = self.open.split_off(PART);
            let whole = std::mem::replace(&mut self.open, rest);
            self.write(&whole, false)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], last: bool) -> Result<(), StoreError> {
        let bound = bound(&self.bound, self.part, last);
        let sealed = self.store.vault().seal(place(&bound), &self.key_id, bytes)?;
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX).to_be_bytes();
        let written = self.file.write_all(&length).and_then(|()| self.file.write_all(&sealed));
        written.map_err(|error| StoreError::file(&self.path, error))?;
        self.part += 1;
        Ok(())
    }

    /// Ends it: from now on it is on the disk.
    pub(crate) fn end(mut self) -> Result<Written, StoreError> {
        let rest = std::mem::take(&mut self.open);
        self.write(&rest, true)?;
        self.file.sync_all().map_err(|error| StoreError::file(&self.path, error))?;
        Ok(Written { hash: data_encoding::HEXLOWER.encode(&self.hash.finalize()), bytes: self.bytes })
    }

    /// Ends it, and puts it in the place of another file.
    pub(crate) fn end_as(self, path: &Path) -> Result<(), StoreError> {
        let beside = self.path.clone();
        self.end()?;
        fs::rename(&beside, path).map_err(|error| StoreError::file(path, error))
    }
}

/// The content of a file; none when there is no such file.
pub(crate) fn read(store: &Store, job: &str, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let Some((_, mut file)) = opened(store, job, name)? else { return Ok(None) };
    let mut content = Vec::new();
    while let Some(part) = file.part()? {
        content.extend_from_slice(&part);
    }
    Ok(Some(content))
}

/// A sealed file that is read part by part.
pub(super) struct Opening<'a> {
    store: &'a Store,
    pub(super) path: PathBuf,
    file: io::BufReader<File>,
    key_id: String,
    bound: String,
    next: Option<u64>,
}

/// Opens a file; gives the id of its key with it. None when there is no such file.
pub(super) fn opened<'a>(store: &'a Store, job: &str, name: &str) -> Result<Option<(String, Opening<'a>)>, StoreError> {
    let path = of_job(store, job).join(format!("{name}.{SEALED}"));
    let mut file = match File::open(&path) {
        Ok(file) => io::BufReader::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(&path, error)),
    };
    let key_id = line(&mut file).map_err(|error| StoreError::file(&path, error))?;
    let bound = format!("{job}/{name}");
    Ok(Some((key_id.clone(), Opening { store, path, file, key_id, bound, next: Some(0) })))
}

impl Opening<'_> {
    /// The next part; none behind the last.
    pub(super) fn part(&mut self) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, StoreError> {
        let Some(part) = self.next else { return Ok(None) };
        let mut length = [0; 4];
        self.file.read_exact(&mut length).map_err(|error| StoreError::file(&self.path, error))?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST {
            return Err(StoreError::Sealed("file"));
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed).map_err(|error| StoreError::file(&self.path, error))?;
        // A part does not say whether it is the last: it opens as one or as the other.
        let (vault, more) = (self.store.vault(), bound(&self.bound, part, false));
        if let Ok(opened) = vault.open(place(&more), &self.key_id, &sealed) {
            self.next = Some(part + 1);
            return Ok(Some(opened));
        }
        self.next = None;
        let last = bound(&self.bound, part, true);
        vault.open(place(&last), &self.key_id, &sealed).map(Some)
    }
}

/// The first line.
fn line(file: &mut impl Read) -> io::Result<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while text.len() < 200 {
        file.read_exact(&mut byte)?;
        match byte {
            [b'\n'] => break,
            [byte] => text.push(byte),
        }
    }
    String::from_utf8(text).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

/// Seals every file of a folder into the folder of a job, and gives their names. The folder is removed.
pub(crate) fn seal_folder(store: &Store, job: &str, from: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    seal_below(store, job, from, "", &mut names)?;
    fs::remove_dir_all(from).map_err(|error| StoreError::file(from, error))?;
    names.sort();
    Ok(names)
}

fn seal_below(store: &Store, job: &str, from: &Path, above: &str, names: &mut Vec<String>) -> Result<(), StoreError> {
    let entries = fs::read_dir(from).map_err(|error| StoreError::file(from, error))?;
    for entry in entries {
        let path = entry.map_err(|error| StoreError::file(from, error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        // Folders within become parts of the name.
        let name = if above.is_empty() { name.to_owned() } else { format!("{above}-{name}") };
        if path.is_dir() {
            seal_below(store, job, &path, &name, names)?;
            continue;
        }
        let mut file = File::open(&path).map_err(|error| StoreError::file(&path, error))?;
        let mut sealing = Sealing::begin(store, job, &name)?;
        let mut part = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut part).map_err(|error| StoreError::file(&path, error))?;
            match part.get(..read) {
                Some(read) if !read.is_empty() => sealing.add(read)?,
                _ => break,
            }
        }
        sealing.end()?;
        names.push(name);
    }
    Ok(())
}
