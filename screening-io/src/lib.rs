//! Files at the edge of a screening: survey exports, rosters, and tables of answers.
//!
//! Everything here turns files that people made into frames with fixed columns, or says in words why it does not.
//! Three rules hold throughout:
//!
//! * **Nothing is guessed.** A coding that cannot be told, a merged cell, an encoding that does not decode: refused,
//!   with the place, the cause and the remedy, in Chinese and English ([`IoError::render`]).
//! * **Nothing is lost.** Rows in = rows out + rows in the list of [`Rejected`]; a cell that is not an answer is listed
//!   with its row and column and becomes *invalid*, never another value.
//! * **Nothing private is kept.** Names (unless asked for), network addresses, home addresses, numbers of identity
//!   cards, income and telephone numbers are skipped while reading.
//!
//! # The survey layout
//!
//! [`read_survey`] reads one sheet of an xlsx, or a csv in UTF-8 (with or without byte-order mark), GBK, GB18030 or
//! UTF-16, separated by commas, tabs or semicolons. The first row that is not blank holds the headings:
//!
//! | position | heading | use |
//! |---|---|---|
//! | 1 | `序号` | not kept |
//! | 2 | `提交答卷时间` | `administered_on`, `submitted_at` |
//! | 3 | `所用时间` | `duration_s`: `528秒`, `8分48秒` or a number of seconds |
//! | 4 | `来源` | not kept |
//! | 5 | `来源详情` (may be left out) | not kept |
//! | 6 | `来自IP` | not kept |
//! | 7 | `总分` (may be left out) | evidence for the coding only |
//! | then | `1、...`, `2、...`, any number of digits and of questions | identity questions and items |
//!
//! Between the number and the text stands one of `、` `.` `．` `:` `：`. Questions whose text is a usual heading
//! (`学号`, `学籍号`, `student_id`, `学校`, `年级`, `班级`, `性别`, `出生日期`, ...) are about the person; the student
//! id may have any heading when [`SurveySpec::student_id`] names it. All other questions belong to the instruments of
//! [`SurveySpec::instruments`], one after the other in the order of their items. Unless the number of a first question
//! is stated, there must be exactly as many questions as items.
//!
//! Each answer is the label of the option (`text`), its position in the instrument's option set counted from 1
//! (`ordinal`), or its code (`score`). The coding is told from all answers to an instrument, and refused with the
//! evidence when two codings fit and differ. Blank, `(空)` and `-2` mean skipped; `(跳过)` and `-3` not shown; `拒答`
//! refused; where such a number is a legal code of the item, it is an answer.
//!
//! # Tables
//!
//! [`read_answers`] reads csv, xlsx and parquet with columns `<instrument>.<item>`, with a prefix, or by a mapping.
//! [`read_rosters`] reads class lists. [`read_table`] gives the bare cells.
//!
//! # Wording packs
//!
//! [`read_wording`] reads the official wording of forms from a folder of the school, so that exports by option text can be
//! read; [`import_fhir`] and [`import_redcap`] make such packs.
//!
//! # What a screening writes
//!
//! [`output::write_outputs`] writes results, the workbook of alerts, coverage, everything that was not used, and a summary.
//! [`read_wave`] reads results back to compare them, and [`output::write_change`] writes what changed.
//!
//! ```
//! use screening_io::{ReadOptions, read_table_bytes};
//! let refused = read_table_bytes("class.csv", b"a,a\n1,2\n", &ReadOptions::default()).unwrap_err();
//! assert_eq!(refused.id(), "heading-duplicate");
//! ```

mod answers;
mod answers_for;
mod coding;
mod error;
mod interviews;
mod messages;
pub mod output;
mod parse;
mod results;
mod roster;
mod survey;
mod table;
mod tabular;
mod wave;
mod wording;
mod words;

pub use answers::AnswerSet;
pub use answers_for::answers_for;
pub use coding::{Coding, CodingReport, Ground};
pub use error::{IoError, Place, Problem, Rejected, Scope};
pub use interviews::read_interviews;
pub use messages::message_ids;
pub use results::{file_hash, read_results};
pub use roster::{Roster, RosterOptions, read_roster, read_roster_bytes, read_rosters};
pub use survey::{InstrumentPart, SurveySpec, read_survey, read_survey_bytes};
pub use table::{Limits, ReadOptions, Table, Value, read_table, read_table_bytes};
pub use tabular::{ColumnNames, TablePart, TableSpec, read_answers, read_answers_bytes};
pub use wave::read_wave;
pub use wording::{
    ImportSpec, Imported, add_wording, import_fhir, import_fhir_bytes, import_redcap, import_redcap_bytes,
    read_wording, wording_files,
};
pub mod example;
pub mod job;
