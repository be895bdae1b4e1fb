//! What a report is, before it becomes a file.

use screening_core::instrument::Language;

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Language of the texts.
    pub language: Language,
    /// Title.
    pub title: String,
    /// Lines below the title: who, which wave, when.
    pub subtitle: Vec<String>,
    /// The sentence that stands on every page: screening, not diagnosis, and who may read it.
    pub notice: String,
    /// The content.
    pub sections: Vec<Section>,
    /// Wide tables: the page is turned.
    pub landscape: bool,
    /// Printed on one page, as far as small letters allow: what comes before the first table or picture stands across the page, the rest in
    /// two columns.
    pub one_page: bool,
}

/// A heading with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// 1 for a chapter, 2 for a part of it.
    pub level: u8,
    /// Begins on a new page.
    pub new_page: bool,
    /// Content.
    pub blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Paragraph(String),
    /// A remark in smaller type: how something was computed, what a sign means.
    Note(String),
    /// Something that must not be overlooked.
    Warning(String),
    /// A list.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A picture.
    Figure(Figure),
    /// A form: labels, each with room to write.
    Form(Vec<FormField>),
}

/// A label with room to write.
#[derive(Debug, Clone, PartialEq)]
pub struct FormField {
    /// Label.
    pub label: String,
    /// What is known already; blank otherwise.
    pub value: String,
    /// Lines to write on.
    pub lines: u8,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Stable name, for tests and programs.
    pub id: String,
    /// Caption, with its number.
    pub caption: String,
    /// Headings.
    pub columns: Vec<Column>,
    /// Rows; each has one cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// Remarks below.
    pub notes: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Heading.
    pub heading: String,
    /// Share of the width, in characters.
    pub width: f64,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A figure as it is written, with its value for workbooks and checks; none where it is not given.
    Figure {
        /// As written.
        text: String,
        /// Value.
        value: Option<f64>,
    },
    /// To be filled in by hand.
    Blank,
}

impl Cell {
    /// What is shown.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Figure { text, .. } => text,
            Self::Blank => "",
        }
    }

    /// A figure.
    pub(crate) fn figure(text: String, value: Option<f64>) -> Self {
        Self::Figure { text, value }
    }
}

/// A picture as data: each renderer draws it in its own way.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stable name.
    pub id: String,
    /// Caption, with its number.
    pub caption: String,
    /// What is to be seen, in words, for those who cannot see it.
    pub alt: String,
    /// The data.
    pub chart: Chart,
}

/// Kinds of pictures.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Horizontal bars, one a category, each with its label.
    Bars {
        /// Name of the axis of values.
        axis: String,
        /// Name, value, label. Without a value there is the label alone.
        bars: Vec<Bar>,
    },
    /// Horizontal bars of parts that sum to the whole.
    Stacked {
        /// Name of the axis of values.
        axis: String,
        /// Names of the parts, the mildest first.
        parts: Vec<String>,
        /// Name of the bar and the share of each part; no shares where they are not given.
        bars: Vec<(String, Option<Vec<f64>>)>,
    },
    /// Shares of schools by size, with the limits that chance draws.
    Funnel {
        /// Name of the horizontal axis.
        x: String,
        /// Name of the vertical axis.
        y: String,
        /// Pupils and share; points have no names.
        points: Vec<(f64, f64)>,
        /// The district's share.
        target: f64,
        /// Pupils, then lower and upper limit of 95 % and of 99.8 %.
        limits: Vec<[f64; 5]>,
        /// Names of the target and of both pairs of limits, in the legend.
        names: [String; 4],
    },
    /// How scores are distributed, beside what a norm lets expect.
    Distribution {
        /// Name of the axis of scores.
        x: String,
        /// Name of the axis of shares.
        y: String,
        /// Intervals of scores, ascending.
        bins: Vec<Bin>,
        /// Bands in their order: name, and how many bins lie in each.
        bands: Vec<(String, usize)>,
        /// Names of what is here, of the norm, and of what is not shown, in the legend.
        names: [String; 3],
    },
    /// Scores of several scales beside the range that is usual for each.
    Profile {
        /// Name of the axis.
        axis: String,
        /// Its lowest and highest value.
        ends: (f64, f64),
        /// How values are written at the axis: shares as percentages, scores as they are.
        percent: bool,
        /// One row a scale.
        rows: Vec<ProfileRow>,
        /// Names of the point and of the range, in the legend.
        names: [String; 2],
    },
    /// Scores over several waves, one panel a scale, in parts of its range.
    Course {
        /// Name of the vertical axis.
        axis: String,
        /// One panel a scale.
        panels: Vec<Panel>,
        /// Names of the points, of the range without reliable change, and of where the usual range ends, in the legend.
        names: [String; 3],
    },
    /// From a total to what is left of it, step by step.
    Waterfall {
        /// Name of the axis of counts.
        axis: String,
        /// The first is the total, the last what is left.
        steps: Vec<Step>,
    },
}

/// One interval of scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Bin {
    /// The scores.
    pub name: String,
    /// Share of the pupils; none where it is not shown.
    pub share: Option<f64>,
    /// Share that the norm lets expect; none without a norm.
    pub norm: Option<f64>,
}

/// One scale of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRow {
    /// Name.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Interval.
    pub interval: Option<(f64, f64)>,
    /// Usual range.
    pub band: Option<(f64, f64)>,
    /// What stands beside it.
    pub label: String,
}

/// One scale over the waves.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Name.
    pub name: String,
    /// The waves in their order, each with the score as a part of the range, where there is one, and as it is written.
    pub points: Vec<(String, Option<f64>, String)>,
    /// Between which values the last score would be no reliable change.
    pub band: Option<(f64, f64)>,
    /// Where the usual range ends.
    pub usual: Option<f64>,
}

/// One step of a waterfall.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Name.
    pub name: String,
    /// Where the bar begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Whether it is a total and not a loss.
    pub total: bool,
    /// What stands beside it.
    pub label: String,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Name.
    pub name: String,
    /// Share.
    pub value: Option<f64>,
    /// Interval.
    pub interval: Option<(f64, f64)>,
    /// What stands beside it.
    pub label: String,
}

impl Report {
    /// The tables, in their order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks().filter_map(|block| if let Block::Table(table) = block { Some(table) } else { None })
    }

    /// The table with this name.
    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables().find(|table| table.id == id)
    }

    /// The pictures.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks().filter_map(|block| if let Block::Figure(figure) = block { Some(figure) } else { None })
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.sections.iter().flat_map(|section| &section.blocks)
    }

    /// All words of the report, in reading order, one piece a line: for checks of the words and for a look without pictures.
    pub fn plain_text(&self) -> String {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.subtitle.iter().cloned());
        lines.push(self.notice.clone());
        for section in &self.sections {
            lines.push(format!("{} {}", "#".repeat(usize::from(section.level) + 1), section.heading));
            section.blocks.iter().for_each(|block| plain(block, &mut lines));
        }
        lines.join("\n")
    }
}

fn plain(block: &Block, lines: &mut Vec<String>) {
    match block {
        Block::Paragraph(text) | Block::Note(text) | Block::Warning(text) => lines.push(text.clone()),
        Block::List(items) => lines.extend(items.iter().map(|item| format!("- {item}"))),
        Block::Form(fields) => {
            lines.extend(fields.iter().map(|field| format!("{}: {}", field.label, field.value).trim_end().to_owned()));
        }
        Block::Figure(figure) => lines.push(format!("[{}] {}", figure.caption, figure.alt)),
        Block::Table(table) => {
            lines.push(table.caption.clone());
            let headings: Vec<&str> = table.columns.iter().map(|column| column.heading.as_str()).collect();
            lines.push(headings.join(" | "));
            lines.extend(table.rows.iter().map(|row| row.iter().map(Cell::text).collect::<Vec<_>>().join(" | ")));
            lines.extend(table.notes.iter().cloned());
        }
    }
}

impl Table {
    /// The figure in a row and column, where one is given.
    pub fn value(&self, row: usize, column: usize) -> Option<f64> {
        match self.rows.get(row)?.get(column)? {
            Cell::Figure { value, .. } => *value,
            Cell::Text(_) | Cell::Blank => None,
        }
    }
}
