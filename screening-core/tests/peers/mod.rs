//! Figures of peers and the data they were computed from, where they are at hand.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Folder of the figures: `oracle` in the folder that `SCREENING_SHARED` names, by default `shared` beside the repository.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("SCREENING_SHARED");
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("..").join("shared");
    // A work tree of the repository stands one folder deeper.
    let deeper = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("..").join("..").join("shared");
    let candidates = [shared.map(PathBuf::from), Some(beside()), Some(deeper())];
    candidates.into_iter().flatten().map(|shared| shared.join("oracle")).find(|oracle| oracle.is_dir())
}

/// One family of figures.
pub(crate) struct Oracle {
    folder: PathBuf,
    cases: Value,
}

impl Oracle {
    /// Reads a family; says that the test is skipped when it is not there.
    pub(crate) fn open(family: &str) -> Option<Self> {
        let Some(folder) = folder() else {
            println!("skipped: no figures of peers at hand");
            return None;
        };
        let text = std::fs::read_to_string(folder.join(format!("{family}.json"))).unwrap();
        let mut file: Value = serde_json::from_str(&text).unwrap();
        Some(Self { folder, cases: file["cases"].take() })
    }

    /// The results of a case.
    pub(crate) fn results(&self, id: &str) -> &Value {
        let case = self.cases.as_array().unwrap().iter().find(|case| case["id"] == id);
        &case.unwrap_or_else(|| panic!("no case {id}"))["results"]
    }

    /// The results of a case, if there is one.
    #[allow(dead_code)]
    pub(crate) fn find(&self, id: &str) -> Option<&Value> {
        self.cases.as_array().unwrap().iter().find(|case| case["id"] == id).map(|case| &case["results"])
    }

    /// A data set as it stands.
    pub(crate) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join("data").join(file)).unwrap()
    }

    /// A data set as columns of whole numbers, -128 for a blank or `NA`, and their headings.
    pub(crate) fn data(&self, file: &str) -> (Vec<String>, Vec<Vec<i16>>) {
        let text = self.text(file);
        let mut lines = text.lines();
        let headings: Vec<String> =
            lines.next().unwrap().split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
        let mut columns = vec![Vec::new(); headings.len()];
        for line in lines.filter(|line| !line.is_empty()) {
            for (column, cell) in columns.iter_mut().zip(line.split(',')) {
                column.push(if cell.is_empty() || cell == "NA" { -128 } else { cell.parse().unwrap() });
            }
        }
        (headings, columns)
    }

    /// The columns `<prefix>1`, `<prefix>2`, ... of a data set.
    #[allow(dead_code)]
    pub(crate) fn items(&self, file: &str, prefix: &str) -> Vec<Vec<i16>> {
        let (headings, columns) = self.data(file);
        let wanted = (1..).map_while(|number| headings.iter().position(|h| *h == format!("{prefix}{number}")));
        wanted.map(|at| columns[at].clone()).collect()
    }
}

/// A list of figures, NaN for null.
pub(crate) fn figures(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|figure| figure.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Both lists agree, NaN with NaN.
pub(crate) fn agree(what: &str, own: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(own.len(), theirs.len(), "{what}");
    for (row, (a, b)) in own.iter().zip(theirs).enumerate() {
        let same = (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(same, "{what}, row {row}: {a} but {b}");
    }
}
