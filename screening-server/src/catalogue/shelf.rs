//! Definitions of one kind by id and version.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::{BuildMetadata, Version};

/// Something with an id, a version and a content.
pub(crate) trait Named {
    fn id(&self) -> &str;
    fn version(&self) -> &Version;
    /// `id@version+hash`.
    fn citation(&self) -> String;
}

/// Definitions by id and version.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    by_id: BTreeMap<String, BTreeMap<Version, Arc<T>>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { by_id: BTreeMap::new() }
    }
}

/// Why nothing was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missed {
    /// No such id.
    Id { id: String },
    /// No such version of it.
    Version { id: String, version: String, versions: String },
}

/// The same id and version with another content.
#[derive(Debug)]
pub(crate) struct Changed;

impl<T: Named> Shelf<T> {
    /// Adds a definition beside its other versions; the same one once more changes nothing.
    pub(crate) fn add(&mut self, new: Arc<T>) -> Result<(), Changed> {
        let versions = self.by_id.entry(new.id().to_owned()).or_default();
        match versions.get(new.version()) {
            Some(known) if known.citation() != new.citation() => Err(Changed),
            Some(_) => Ok(()),
            None => {
                versions.insert(new.version().clone(), new);
                Ok(())
            }
        }
    }

    /// Keeps what an earlier state had and this one has not. Content that was served under a version stays what it was.
    pub(crate) fn keep(&mut self, earlier: &Self) -> Result<(), Arc<T>> {
        for known in earlier.by_id.values().flat_map(BTreeMap::values) {
            self.add(known.clone()).map_err(|Changed| known.clone())?;
        }
        Ok(())
    }

    /// By `id`, `id@version` or a whole citation `id@version+hash`; without a version the newest that is no pre-release, or
    /// the newest of all.
    pub(crate) fn find(&self, reference: &str) -> Result<&Arc<T>, Missed> {
        match reference.split_once('@') {
            Some((id, version)) => self.get(id, Some(version)),
            None => self.get(reference, None),
        }
    }

    /// By id and version.
    pub(crate) fn get(&self, id: &str, version: Option<&str>) -> Result<&Arc<T>, Missed> {
        let versions = self.by_id.get(id).ok_or_else(|| Missed::Id { id: id.to_owned() })?;
        let missed = || Missed::Version {
            id: id.to_owned(),
            version: version.unwrap_or_default().to_owned(),
            versions: versions.keys().map(Version::to_string).collect::<Vec<_>>().join(", "),
        };
        let Some(text) = version else {
            let newest = versions.iter().rev().find(|(version, _)| version.pre.is_empty());
            return newest.or_else(|| versions.iter().next_back()).map(|(_, found)| found).ok_or_else(missed);
        };
        let mut wanted = Version::parse(text).map_err(|_| missed())?;
        let hash = std::mem::replace(&mut wanted.build, BuildMetadata::EMPTY);
        let found = versions.get(&wanted).ok_or_else(missed)?;
        let own = found.citation();
        let fits = hash.is_empty() || own.split_once('+').is_some_and(|(_, own)| own == hash.as_str());
        if fits { Ok(found) } else { Err(missed()) }
    }

    /// The newest of each id, by id.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Arc<T>> {
        self.by_id.keys().filter_map(|id| self.get(id, None).ok())
    }

    /// Versions of an id, the oldest first.
    pub(crate) fn versions(&self, id: &str) -> impl Iterator<Item = &Version> {
        self.by_id.get(id).into_iter().flat_map(BTreeMap::keys)
    }

    /// Number of definitions, every version counted.
    pub(crate) fn len(&self) -> usize {
        self.by_id.values().map(BTreeMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(&'static str, Version, &'static str);

    impl Named for Thing {
        fn id(&self) -> &str {
            self.0
        }
        fn version(&self) -> &Version {
            &self.1
        }
        fn citation(&self) -> String {
            format!("{}@{}+{}", self.0, self.1, self.2)
        }
    }

    fn shelf(versions: &[&str]) -> Shelf<Thing> {
        let mut shelf = Shelf::default();
        for version in versions {
            shelf.add(Arc::new(Thing("a", version.parse().unwrap(), "0123456789ab"))).unwrap();
        }
        shelf
    }

    fn version(shelf: &Shelf<Thing>, reference: &str) -> Option<String> {
        shelf.find(reference).ok().map(|found| found.1.to_string())
    }

    #[test]
    fn the_newest_is_found_unless_a_version_is_named() {
        let shelf = shelf(&["1.9.0", "1.10.0", "2.0.0-draft"]);
        assert_eq!(version(&shelf, "a").as_deref(), Some("1.10.0"));
        assert_eq!(version(&shelf, "a@1.9.0").as_deref(), Some("1.9.0"));
        assert_eq!(version(&shelf, "a@2.0.0-draft").as_deref(), Some("2.0.0-draft"));
        assert_eq!(version(&shelf, "a@1.9.0+0123456789ab").as_deref(), Some("1.9.0"));
        assert_eq!(version(&shelf, "a@1.9.0+ffffffffffff"), None);
        assert!(matches!(shelf.find("b"), Err(Missed::Id { .. })));
        let Err(Missed::Version { versions, .. }) = shelf.find("a@1") else { panic!("no version") };
        assert_eq!(versions, "1.9.0, 1.10.0, 2.0.0-draft");
    }

    #[test]
    fn other_content_under_a_known_version_is_refused() {
        let mut shelf = shelf(&["1.0.0"]);
        assert!(shelf.add(Arc::new(Thing("a", Version::new(1, 0, 0), "ffffffffffff"))).is_err());
        assert!(shelf.add(Arc::new(Thing("a", Version::new(1, 0, 0), "0123456789ab"))).is_ok());
        assert_eq!(shelf.len(), 1);
    }
}
