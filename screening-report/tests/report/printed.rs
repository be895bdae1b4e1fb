//! PDF: the same bytes each time, text that can be found again, tags for those who cannot see the page, and words from data that
//! stay words.

use std::path::Path;
use std::process::Command;

use screening_core::instrument::Language;
use screening_report::{
    Block, Cell, Column, Figure, FormField, Names, Report, Section, Survey, Table, docx, pdf, pupil_page, refused_words,
};

use super::world::{RESULTS, settings};

/// Whether a program is there; tests that need it say so and are skipped otherwise.
fn has(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").output().is_ok() || Command::new(program).arg("-v").output().is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// The text of a PDF, without any blank: lines are broken where the page ends.
fn text_of(file: &Path) -> String {
    let out = Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(file).arg("-").output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    radicals(&bare(&String::from_utf8(out.stdout).unwrap()))
}

fn bare(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace() && *sign != '\u{200b}').collect()
}

/// Every cell is found; of a long one, which may go over to the next page, both ends are.
fn has_cells(text: &str, table: &Table) {
    for cell in table.rows.iter().flatten() {
        let words = radicals(&bare(cell.text()));
        let (from, to) = (words.chars().count().saturating_sub(8), 8);
        let ends: [String; 2] = [words.chars().take(to).collect(), words.chars().skip(from).collect()];
        assert!(ends.iter().all(|end| text.contains(end)), "{}: {}", table.id, cell.text());
    }
}

/// Some programs write radicals for the characters that look the same.
fn radicals(text: &str) -> String {
    let pairs = [
        ('⼀', '一'),
        ('⼆', '二'),
        ('⼈', '人'),
        ('⼥', '女'),
        ('⼩', '小'),
        ('⼤', '大'),
        ('⼦', '子'),
        ('⽣', '生'),
        ('⽆', '无'),
        ('⽤', '用'),
        ('⼒', '力'),
        ('⽐', '比'),
        ('⾃', '自'),
        ('⾯', '面'),
        ('⽇', '日'),
        ('⽉', '月'),
        ('⾼', '高'),
        ('⼯', '工'),
        ('⼼', '心'),
        ('⽅', '方'),
        ('⾏', '行'),
        ('⾝', '身'),
        ('⼿', '手'),
        ('⼝', '口'),
        ('⽴', '立'),
        ('⾥', '里'),
        ('⼗', '十'),
        ('⼋', '八'),
        ('⽂', '文'),
        ('⽹', '网'),
        ('⾜', '足'),
        ('⻓', '长'),
        ('⻚', '页'),
        ('⻅', '见'),
        ('⻔', '门'),
        ('⻛', '风'),
        ('⻩', '黄'),
    ];
    text.chars().map(|sign| pairs.iter().find(|(from, _)| *from == sign).map_or(sign, |(_, to)| *to)).collect()
}

fn small(title: &str, words: &str) -> Report {
    let cell = || Cell::Text(words.to_owned());
    let table = Table {
        id: "t".to_owned(),
        caption: words.to_owned(),
        columns: vec![
            Column { heading: words.to_owned(), width: 10.0 },
            Column { heading: "n".to_owned(), width: 10.0 },
        ],
        rows: vec![vec![cell(), Cell::Figure { text: words.to_owned(), value: None }], vec![cell(), Cell::Blank]],
        notes: vec![words.to_owned()],
    };
    let chart = screening_report::Chart::Bars {
        axis: words.to_owned(),
        bars: vec![screening_report::Bar {
            name: words.to_owned(),
            value: Some(0.5),
            interval: None,
            label: words.to_owned(),
        }],
    };
    let figure = Figure { id: "f".to_owned(), caption: words.to_owned(), alt: words.to_owned(), chart };
    let form = FormField { label: words.to_owned(), value: words.to_owned(), lines: 2 };
    Report {
        language: Language::En,
        title: title.to_owned(),
        subtitle: vec![words.to_owned()],
        notice: words.to_owned(),
        sections: vec![Section {
            heading: words.to_owned(),
            level: 1,
            new_page: false,
            blocks: vec![
                Block::Paragraph(words.to_owned()),
                Block::Note(words.to_owned()),
                Block::Warning(words.to_owned()),
                Block::List(vec![words.to_owned()]),
                Block::Table(table),
                Block::Figure(figure),
                Block::Form(vec![form]),
            ],
        }],
        landscape: false,
        one_page: false,
    }
}

#[test]
fn words_from_data_never_run_as_code() {
    let hostile = [
        "#panic(\"run\")",
        "#import \"@preview/x:1.0.0\"",
        "#read(\"/etc/passwd\")",
        "= not a heading",
        "$ integral $ `raw` *bold* _it_ <label> @ref",
        "\"); panic(\"run\"); (\"",
        "#sys.inputs ]#[ \\u{41} // comment /* */ ~ --- ...",
        "</svg><script>alert(1)</script>",
        "<\u{0}\u{7}\n\r\t&'\">",
        "",
    ];
    let folder = tempfile::tempdir().unwrap();
    let readable = has("pdftotext");
    for (at, words) in hostile.into_iter().enumerate() {
        let bytes = pdf(&small("A title", words)).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert!(bytes.starts_with(b"%PDF-1.7"));
        if readable {
            let file = folder.path().join(format!("{at}.pdf"));
            std::fs::write(&file, &bytes).unwrap();
            let wanted = bare(&words.replace(char::is_control, " "));
            let found = text_of(&file);
            assert!(found.matches(&wanted).count() >= 10, "{words:?} in {found}");
        }
    }
    let bytes = pdf(&small("#panic()", "x")).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
}

#[test]
fn what_the_font_lacks_is_told_on_the_first_page() {
    let (rare, known) = ("\u{2a6a5}", "喆堃玥镕犇");
    let bytes = pdf(&small("Names", &format!("{known}{rare}"))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    std::fs::write(&file, bytes).unwrap();
    if has("pdftotext") {
        let text = text_of(&file);
        assert!(text.contains("U+2A6A5") && text.contains(&format!("{known}□")), "{text}");
        assert_eq!(text.matches("U+").count(), 1, "only what is missing is listed");
    }
}

fn pages(bytes: &[u8]) -> usize {
    const MARK: &[u8] = b"<</Type/Pages/Count ";
    let at = bytes.windows(MARK.len()).position(|own| own == MARK).unwrap() + MARK.len();
    let digits: String = bytes[at..].iter().map(|own| char::from(*own)).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn a_pupil_is_one_page_and_what_does_not_fit_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    for language in [Language::ZhCn, Language::En] {
        for id in RESULTS.student_ids().iter().step_by(37).take(5) {
            let report = pupil_page(&RESULTS, &settings(language), &Names::default(), id).unwrap();
            let bytes = pdf(&report).unwrap();
            assert_eq!(pages(&bytes), 1, "{id}");
            std::fs::write(&file, &bytes).unwrap();
            if has("pdftotext") {
                let text = text_of(&file);
                report.sections.iter().for_each(|own| assert!(text.contains(&radicals(&bare(&own.heading)))));
                report.tables().for_each(|table| has_cells(&text, table));
            }
        }
    }
    let mut long = Report { one_page: true, ..small("A title", "words") };
    assert_eq!(pages(&pdf(&long).unwrap()), 1);
    let lines = (0..300).map(|at| Block::Paragraph(format!("paragraph {at} of many"))).collect();
    long.sections.push(Section { heading: "Many".to_owned(), level: 1, new_page: false, blocks: lines });
    let bytes = pdf(&long).unwrap();
    assert!(pages(&bytes) > 3, "{}", pages(&bytes));
    std::fs::write(&file, &bytes).unwrap();
    if has("pdftotext") {
        let text = text_of(&file);
        assert!((0..300).all(|at| text.contains(&format!("paragraph{at}ofmany"))));
    }
}

#[test]
fn a_district_prints_with_all_its_words_and_the_same_bytes() {
    for language in [Language::ZhCn, Language::En] {
        let report = Survey::of(&RESULTS, &settings(language)).unwrap().district().unwrap();
        let bytes = pdf(&report).unwrap();
        assert_eq!(bytes, pdf(&report).unwrap(), "no clock, no chance");
        // Marked for readers of screens, with a language, and by PDF/UA-1.
        for mark in ["/MarkInfo", "/StructTreeRoot", "/Lang", "pdfuaid:part"] {
            let found = bytes.windows(mark.len()).any(|own| own == mark.as_bytes());
            assert!(found, "{mark}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pdf");
        std::fs::write(&file, &bytes).unwrap();
        if has("pdftotext") {
            let text = text_of(&file);
            for words in report.sections.iter().map(|own| own.heading.as_str()).chain([report.title.as_str()]) {
                assert!(text.contains(&bare(words)), "{words}");
            }
            for table in report.tables() {
                has_cells(&text, table);
            }
            assert!(text.matches(&bare(&report.notice)).count() > 3, "on every page");
            assert!(refused_words(&text).is_empty());
        }
    }
}

#[test]
fn the_word_document_opens_and_becomes_a_pdf_without_loss() {
    if !has("soffice") || !has("pdftotext") {
        return;
    }
    let report = Survey::of(&RESULTS, &settings(Language::ZhCn)).unwrap().school("甲校").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.docx");
    std::fs::write(&file, docx(&report).unwrap()).unwrap();
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let made = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "pdf", "--outdir"])
        .arg(folder.path())
        .arg(&file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = text_of(&folder.path().join("a.pdf"));
    for section in &report.sections {
        assert!(text.contains(&radicals(&bare(&section.heading))), "{}", section.heading);
    }
    for table in report.tables() {
        has_cells(&text, table);
    }
}

#[test]
fn a_caption_never_stands_alone_at_the_end_of_a_page() {
    if !has("pdftotext") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    let cell = |words: &str| Cell::Text(words.to_owned());
    let (mut first_page, mut next_page) = (0, 0);
    for lines in 24..40 {
        let table = Table {
            id: "t".to_owned(),
            caption: "Caption-of-it".to_owned(),
            columns: vec![Column { heading: "Heading-of-it".to_owned(), width: 10.0 }],
            rows: (0..12).map(|at| vec![cell(&format!("Row-{at}"))]).collect(),
            notes: Vec::new(),
        };
        let mut report = small("A title", "x");
        let blocks = (0..lines).map(|_| Block::Paragraph("Filler".to_owned())).chain([Block::Table(table)]);
        report.sections.truncate(1);
        report.sections[0].blocks = blocks.collect();
        std::fs::write(&file, pdf(&report).unwrap()).unwrap();
        let out = Command::new("pdftotext").args(["-raw", "-enc", "UTF-8"]).arg(&file).arg("-").output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let pages: Vec<&str> = text.split('\u{c}').collect();
        let at = pages.iter().position(|page| page.contains("Caption-of-it")).unwrap();
        for words in ["Heading-of-it", "Row-0", "Row-1"] {
            assert!(pages[at].contains(words), "{lines} lines: {words} is not with the caption: {}", pages[at]);
        }
        first_page += usize::from(at == 0);
        next_page += usize::from(at > 0);
    }
    assert!(first_page > 0 && next_page > 0, "{first_page} on the first page, {next_page} on the next");
}
