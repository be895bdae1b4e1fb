//! Files at the edge of a screening: survey exports, rosters, and tables of answers.
//!
//! Everything here turns files that people made into frames with fixed columns, or says in words why it does not.
//! Three rules hold throughout:
//!
//! * **Nothing is guessed.** A coding that cannot be told, a merged cell, an encoding that does not decode: refused,
//!   with the place, the cause and the remedy, in Chinese and English ([`IoError::render`]).
//! * **Nothing is lost.** Rows in = rows out + rows in the list of [`Rejected`]; a cell that is not an answer is listed
//!   with its row and column and becomes *invalid*, never another value.
//! * **Nothing private is kept.** Names (unless asked for; plain tables pass them through), network addresses, home
//!   addresses, numbers of identity cards, income and telephone numbers are skipped while reading.
//!
//! # Survey exports
//!
//! [`read_survey`] reads the exports of survey platforms (Wenjuanxing, Tencent Survey, Jinshuju, Wenjuanwang, LimeSurvey,
//! REDCap) and FHIR QuestionnaireResponses. The layout is told from the headings, shown in [`LayoutReport`], and refused
//! with the evidence when it cannot be told; layouts are data (`resources/layouts.toml`). Questions whose text is a usual
//! heading (`学号`, `student_id`, `学校`, `年级`, `班级`, `性别`, ...) are about the person; the student id may have any heading
//! when [`SurveySpec::student_id`] names it. All other questions belong to the instruments of
//! [`SurveySpec::instruments`], by the names of the columns where they name items, by the wording of the questions where a
//! wording pack knows all of them, and one after the other where neither holds: unless the number of a first question is stated, there must be exactly as many questions as items.
//! [`read_survey_files`] puts a survey together that is split over files.
//!
//! Each answer is the label of the option (`text`), its position in the instrument's option set counted from 1
//! (`ordinal`), or its code (`score`). The coding is told from all answers to an instrument, and refused with the
//! evidence when two codings fit and differ. Blank, `(空)` and `-2` mean skipped; `(跳过)` and `-3` not shown; `拒答`
//! refused; where such a number is a legal code of the item, it is an answer.
//!
//! # Tables
//!
//! [`read_answers`] reads tables with columns `<instrument>.<item>`, with a prefix, or by a mapping. [`read_mapped`] reads any
//! table, long or wide, with a [`Mapping`] file, which [`draft_mapping`] writes. [`read_table`] gives the bare cells. The
//! kind of a file (xlsx, xls, ods, csv, json, parquet, sav) is told from its content; [`sav`] writes SPSS files too.
//!
//! [`stream_answers`] reads tables of any length in parts, with the same results and messages.
//!
//! # Class lists
//!
//! [`read_rosters`] reads class lists, with class names brought to one spelling. [`match_sheets`] finds the pupils of sheets by
//! number, login code, or school, class and name. [`drop_repeated`] drops sheets that were read before.
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
mod coding;
mod error;
mod interviews;
mod mapping;
mod matching;
mod messages;
pub mod output;
mod parse;
pub mod province;
mod records;
pub mod research;
mod results;
mod roster;
mod sample;
pub mod sav;
mod stream;
mod survey;
mod table;
mod tabular;
mod wave;
mod wording;
mod words;

pub use answers::AnswerSet;
pub use coding::{Coding, CodingReport, FoundBy, Ground};
pub use error::{IoError, Place, Problem, Rejected, Scope};
pub use interviews::read_interviews;
pub use mapping::{
    Form, LongColumns, MAPPING_SCHEMA, MappedInstrument, MappedSpec, Mapping, SheetColumns, draft_mapping, read_mapped,
    read_mapped_bytes,
};
pub use matching::{MatchBy, MatchReport, MatchSpec, drop_repeated, match_sheets};
pub use messages::message_ids;
pub use records::{read_decisions, read_evidence};
pub use results::{file_hash, read_results};
pub use roster::{Roster, RosterOptions, SchoolSystem, read_roster, read_roster_bytes, read_rosters};
pub use sample::{GroupMarks, Sample, ScaleItems, read_bank, score_columns, write_bank};
pub use stream::{CHUNK_ROWS, Streamed, stream_answers};
pub use survey::{
    InstrumentPart, LayoutReport, SurveySpec, read_survey, read_survey_bytes, read_survey_files, read_survey_parts,
};
pub use table::{Limits, ReadOptions, Source, Table, Value, read_file_bytes, read_table, read_table_bytes};
pub use tabular::{ColumnNames, TablePart, TableSpec, read_answers, read_answers_bytes};
pub use wave::{read_wave, results_of_pupils};
pub use wording::{
    ImportSpec, Imported, add_wording, import_fhir, import_fhir_bytes, import_redcap, import_redcap_bytes,
    read_wording, wording_files,
};
pub mod example;
pub mod job;
