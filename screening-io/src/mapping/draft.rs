//! Writes a mapping file to edit: every column of a table with what is in it, and what it seems to be.

use std::fmt::Write as _;

use screening_core::instrument::{Definition, Language};

use super::{Form, MAPPING_SCHEMA};
use crate::answers::Field;
use crate::error::{IoError, column_letter, shorten};
use crate::messages::say;
use crate::parse::is_no_answer;
use crate::survey::{Suggestion, is_unread, suggest};
use crate::table::{Keep, ReadOptions, Table, read_kept};
use crate::words::words;

/// Columns with more distinct values are not answers, and their values are not shown.
const MOST_VALUES: usize = 12;

/// A commented mapping file for a table, filled in as far as the table says what its columns are. Names, addresses and
/// ids do not get into it.
///
/// # Errors
/// When the file cannot be read as a table.
///
/// ```
/// use screening_core::instrument::{Language, Library};
/// use screening_io::{Form, Mapping, draft_mapping};
/// let library = Library::bundled().unwrap();
/// let gad = library.get("gad-7").unwrap().definition();
/// let csv = "学号,a,b,c,d,e,f,g\n1,0,1,2,3,0,1,2\n";
/// let draft = draft_mapping("t.csv", csv.as_bytes(), &[gad], Form::Wide, Language::En)?;
/// assert_eq!(Mapping::parse("m.toml", &draft)?.instruments["gad-7"].columns, ["a", "b", "c", "d", "e", "f", "g"]);
/// # Ok::<(), screening_io::IoError>(())
/// ```
pub fn draft_mapping(
    name: &str,
    bytes: &[u8],
    definitions: &[&Definition],
    form: Form,
    language: Language,
) -> Result<String, IoError> {
    let keep = |heading: &str| {
        let person = words().person_heading(heading);
        !words().is_never_read(heading) && !words().is_private(heading) && !is_unread(heading) && person != Some("name")
    };
    let table = read_kept(name, bytes, &ReadOptions::default(), Keep::columns(&keep))?;
    let mut found = suggest(&table, definitions);
    if found.layout.is_none() {
        from_headings(&table, definitions, form, &mut found);
    }
    Ok(Draft { table: &table, definitions, form, language, found: &found, out: String::new() }.write())
}

/// Columns with the usual headings are about the person; when the others are as many as the items, they are the items.
fn from_headings(table: &Table, definitions: &[&Definition], form: Form, found: &mut Suggestion) {
    let mut rest = Vec::new();
    for column in 0..table.width() {
        let heading = table.heading(column);
        match words().person_heading(heading) {
            Some(key) => found.person.extend(
                Field::OF_MATCHING.iter().map(|field| field.key()).find(|field| *field == key).map(|key| (key, column)),
            ),
            None if heading.is_empty() => {}
            None => rest.push(column),
        }
    }
    let expected: usize = definitions.iter().map(|definition| definition.items.len()).sum();
    if form == Form::Wide && rest.len() == expected {
        let mut rest = rest.into_iter();
        found.items = definitions.iter().map(|d| rest.by_ref().take(d.items.len()).collect()).collect();
    }
}

struct Draft<'a> {
    table: &'a Table,
    definitions: &'a [&'a Definition],
    form: Form,
    language: Language,
    found: &'a Suggestion,
    out: String,
}

impl Draft<'_> {
    fn write(mut self) -> String {
        self.comment("intro", &[("file", self.table.file())]);
        let _ = writeln!(self.out, "schema = {MAPPING_SCHEMA}\n");
        self.comment("form", &[]);
        let _ = writeln!(self.out, "form = \"{}\"", if self.form == Form::Wide { "wide" } else { "long" });
        if let Some(sheet) = self.table.sheet() {
            let _ = writeln!(self.out, "worksheet = {}", quoted(sheet));
        }
        self.out.push('\n');
        if let Some(layout) = &self.found.layout {
            let name = layout.name.get(self.language).to_owned();
            self.comment("layout", &[("name", &name), ("id", &layout.layout)]);
        }
        self.columns();
        self.person();
        self.sheet();
        if self.form == Form::Long {
            self.comment("long", &[]);
            self.out.push_str("[long]\nitem = \"\"\nanswer = \"\"\n# instrument = \"\"\n\n");
        }
        for at in 0..self.definitions.len() {
            self.instrument(at);
        }
        self.out
    }

    /// A text of the catalogue as comment lines.
    fn comment(&mut self, key: &str, arguments: &[(&str, &str)]) {
        for line in say(&format!("frame.map.{key}"), self.language, arguments).lines() {
            // A heading with a line end must not end the comment.
            let _ = writeln!(self.out, "# {}", line.trim_end());
        }
    }

    fn columns(&mut self) {
        self.comment("columns", &[]);
        for column in (0..self.table.width()).filter(|column| !self.table.heading(*column).is_empty()) {
            let letter = column_letter(u32::try_from(column).unwrap_or(u32::MAX));
            let heading = one_line(self.table.heading(column));
            let person = self.found.person.iter().any(|(_, known)| *known == column);
            let values = match values(self.table, column) {
                _ if person || !self.table.is_kept(column) => String::new(),
                None => say("frame.map.many", self.language, &[]),
                Some(values) => values.join(" | "),
            };
            let _ = writeln!(self.out, "#   {letter:<3} {}   {values}", quoted(&heading));
        }
        self.out.push('\n');
    }

    fn heading(&self, column: Option<usize>) -> Option<String> {
        column.map(|column| quoted(self.table.heading(column)))
    }

    /// A key with its heading, or as a comment where none was found.
    fn entry(&mut self, key: &str, heading: Option<String>) {
        let _ = match heading {
            Some(heading) => writeln!(self.out, "{key} = {heading}"),
            None => writeln!(self.out, "# {key} = \"\""),
        };
    }

    fn person(&mut self) {
        self.comment("person", &[]);
        self.out.push_str("[person]\n");
        for field in Field::OF_MATCHING {
            let column = self.found.person.iter().find(|(key, _)| *key == field.key()).map(|(_, column)| *column);
            let heading = self.heading(column);
            if field != Field::StudentId || heading.is_some() {
                self.entry(field.key(), heading);
            } else {
                self.out.push_str("student_id = \"\"\n");
            }
        }
        self.out.push('\n');
    }

    fn sheet(&mut self) {
        self.comment("sheet", &[]);
        self.out.push_str("[sheet]\n");
        for (key, column) in ["id", "submitted", "duration"].into_iter().zip(self.found.sheet) {
            let heading = self.heading(column);
            self.entry(key, heading);
        }
        self.out.push('\n');
    }

    fn instrument(&mut self, at: usize) {
        let Some(definition) = self.definitions.get(at) else { return };
        let name = definition.name.get(self.language).to_owned();
        let count = definition.items.len().to_string();
        self.comment("instrument", &[("name", &name), ("count", &count)]);
        let _ = writeln!(self.out, "[instruments.{}]", definition.id);
        self.comment("coding", &[]);
        self.out.push_str("# coding = \"text\"\n");
        let columns = self.found.items.get(at).cloned().unwrap_or_default();
        self.answers(definition, &columns);
        if self.form == Form::Long {
            self.comment("words", &[]);
        }
        self.out.push_str("columns = [\n");
        for (n, item) in definition.items.iter().enumerate() {
            let heading = columns.get(n).map(|column| quoted(self.table.heading(*column)));
            let label = one_line(item.label.get(self.language));
            let _ = match heading {
                Some(heading) => writeln!(self.out, "  {heading}, # {} {label}", item.id),
                None => writeln!(self.out, "  # \"\", # {} {label}", item.id),
            };
        }
        self.out.push_str("]\n\n");
    }

    /// The texts that occur, each beside the options of the instrument.
    fn answers(&mut self, definition: &Definition, columns: &[usize]) {
        let mut seen: Vec<String> = Vec::new();
        for column in columns {
            for value in values(self.table, *column).unwrap_or_default() {
                if !seen.contains(&value) {
                    seen.push(value);
                }
            }
        }
        let options: Vec<String> = definition
            .option_sets
            .iter()
            .map(|(set, options)| {
                let codes: Vec<String> =
                    options.iter().map(|o| format!("{} = {}", o.code, one_line(o.label.get(self.language)))).collect();
                format!("{set}: {}", codes.join(", "))
            })
            .collect();
        self.comment("answers", &[("options", &options.join("; "))]);
        let pairs: Vec<String> = seen.iter().take(MOST_VALUES).map(|value| format!("{} = 0", quoted(value))).collect();
        let _ = writeln!(self.out, "# answers = {{ {} }}", pairs.join(", "));
    }
}

/// The distinct answers of a column, unless they are too many to be answers to one question.
fn values(table: &Table, column: usize) -> Option<Vec<String>> {
    let mut known = vec![false; table.distinct()];
    let mut out: Vec<String> = Vec::new();
    for &id in table.cells(column) {
        let Some(known) = known.get_mut(id as usize).filter(|known| !**known) else { continue };
        *known = true;
        let value = table.value(id);
        if !is_no_answer(value) {
            out.push(shorten(&one_line(&value.to_text()), 24).into_owned());
        }
        if out.len() > MOST_VALUES {
            return None;
        }
    }
    out.sort_unstable();
    Some(out)
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
