//! Kinds of files for rows of texts, written by other crates than those that read them, or by hand.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

#[allow(unused_imports)]
pub(crate) use crate::common::{csv_bytes, xlsx_bytes};

pub(crate) fn gbk(rows: &[Vec<String>]) -> Vec<u8> {
    let text = String::from_utf8(csv_bytes(rows)).unwrap();
    encoding_rs::GBK.encode(&text).0.into_owned()
}

/// A csv in every encoding that is read: UTF-8 and UTF-16 with and without mark, GBK, GB18030.
pub(crate) fn encodings(rows: &[Vec<String>]) -> Vec<(&'static str, Vec<u8>)> {
    let utf8 = csv_bytes(rows);
    let text = String::from_utf8(utf8.clone()).unwrap();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        ("utf-8 with mark", [&b"\xef\xbb\xbf"[..], &utf8].concat()),
        ("utf-8", utf8),
        ("gbk", encoding_rs::GBK.encode(&text).0.into_owned()),
        ("gb18030", encoding_rs::GB18030.encode(&text).0.into_owned()),
        ("utf-16le with mark", [&b"\xff\xfe"[..], &little].concat()),
        ("utf-16be with mark", [&b"\xfe\xff"[..], &big].concat()),
        ("utf-16le", little),
        ("utf-16be", big),
    ]
}

/// A parquet file; a column whose cells are all numbers or blank is one of integers.
pub(crate) fn parquet(rows: &[Vec<String>]) -> Vec<u8> {
    use polars::prelude::*;
    let cells =
        |column: usize| rows[1..].iter().map(move |row| row[column].as_str()).map(|c| (!c.is_empty()).then_some(c));
    let column = |(at, heading): (usize, &String)| {
        let numbers: Vec<Option<i64>> = cells(at).map(|cell| cell?.parse().ok()).collect();
        let whole = cells(at).zip(&numbers).all(|(cell, number)| cell.is_none() || number.is_some());
        let name = PlSmallStr::from_str(heading);
        if whole { Column::new(name, numbers) } else { Column::new(name, cells(at).collect::<Vec<_>>()) }
    };
    let mut frame = DataFrame::new(rows.len() - 1, rows[0].iter().enumerate().map(column).collect()).unwrap();
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

/// An uncompressed SPSS system file, written from the format's description: a column whose cells are all numbers or blank
/// is numeric, others are strings of eight bytes times n; `big` chooses the byte order.
pub(crate) fn sav(rows: &[Vec<String>], big: bool) -> Vec<u8> {
    let int = |n: i32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let float = |n: f64| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let is_number = |at: usize| rows[1..].iter().all(|row| row[at].is_empty() || row[at].parse::<f64>().is_ok());
    let width = |at: usize| rows[1..].iter().map(|row| row[at].len()).max().unwrap().div_ceil(8).max(1) * 8;
    let mut out = b"$FL2@(#) SPSS DATA FILE".to_vec();
    out.resize(64, b' ');
    for n in [2, -1, 0, 0, rows.len() as i32 - 1] {
        out.extend(int(n));
    }
    out.extend(float(100.0));
    out.resize(out.len() + 17 + 64 + 3, b' ');
    let mut names = Vec::new();
    for (at, heading) in rows[0].iter().enumerate() {
        let (kind, more, format) =
            if is_number(at) { (0, 0, 5 << 16 | 8 << 8) } else { (width(at), width(at) / 8 - 1, 1 << 16) };
        for part in 0..=more {
            let kind = if part == 0 { kind as i32 } else { -1 };
            for n in [2, kind, 0, 0, format, format] {
                out.extend(int(n));
            }
            out.extend(format!("V{at:<7}").as_bytes());
        }
        names.push(format!("V{at}={heading}"));
    }
    for (subtype, text) in [(13, names.join("\t")), (20, "UTF-8".to_owned())] {
        for n in [7, subtype, 1, text.len() as i32] {
            out.extend(int(n));
        }
        out.extend(text.as_bytes());
    }
    out.extend([int(999), int(0)].concat());
    for row in &rows[1..] {
        for (at, cell) in row.iter().enumerate() {
            if is_number(at) {
                out.extend(float(cell.parse().unwrap_or(-f64::MAX)));
            } else {
                out.extend(cell.as_bytes());
                out.resize(out.len() + width(at) - cell.len(), b' ');
            }
        }
    }
    out
}

pub(crate) fn tsv(rows: &[Vec<String>]) -> Vec<u8> {
    let lines: Vec<String> = rows.iter().map(|row| row.join("\t")).collect();
    lines.join("\r\n").into_bytes()
}

/// One object a line; a text that is a number becomes one.
pub(crate) fn ndjson(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = String::new();
    for row in &rows[1..] {
        let mut object = serde_json::Map::new();
        for (key, cell) in rows[0].iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let value = cell.parse::<i64>().map_or_else(|_| cell.clone().into(), serde_json::Value::from);
            object.insert(key.clone(), value);
        }
        out.push_str(&serde_json::Value::Object(object).to_string());
        out.push('\n');
    }
    out.into_bytes()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// An OpenDocument spreadsheet. Runs of blank and of equal cells are written with repeat counts, as office programs do.
pub(crate) fn ods(rows: &[Vec<String>]) -> Vec<u8> {
    let mut body = String::new();
    for row in rows {
        body.push_str("<table:table-row>");
        for run in row.chunk_by(|one, other| one == other) {
            let repeat =
                if run.len() > 1 { format!(" table:number-columns-repeated=\"{}\"", run.len()) } else { String::new() };
            let cell = &run[0];
            let written = match cell.parse::<f64>() {
                _ if cell.is_empty() => format!("<table:table-cell{repeat}/>"),
                Ok(number) => format!(
                    "<table:table-cell{repeat} office:value-type=\"float\" office:value=\"{number}\"><text:p>{number}</text:p></table:table-cell>"
                ),
                Err(_) => format!(
                    "<table:table-cell{repeat} office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
                    escape(cell)
                ),
            };
            body.push_str(&written);
        }
        body.push_str("<table:table-cell table:number-columns-repeated=\"16000\"/></table:table-row>");
    }
    ods_of(&format!(
        "<table:table table:name=\"结果\">{body}<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row></table:table>"
    ))
}

pub(crate) fn ods_of(tables: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("mimetype", plain).unwrap();
    zip.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    zip.start_file("content.xml", SimpleFileOptions::default()).unwrap();
    let head = r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>"#;
    zip.write_all(format!("{head}{tables}</office:spreadsheet></office:body></office:document-content>").as_bytes())
        .unwrap();
    zip.finish().unwrap().into_inner()
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = kind.to_le_bytes().to_vec();
    out.extend((data.len() as u16).to_le_bytes());
    out.extend(data);
    out
}

fn unicode(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A BIFF8 workbook of one sheet in a compound file ([MS-XLS]): numbers as NUMBER, texts as LABEL.
pub(crate) fn xls(rows: &[Vec<String>]) -> Vec<u8> {
    xls_of(&cells(rows), Some((rows.len() as u32, rows[0].len() as u16)))
}

fn cells(rows: &[Vec<String>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (r, row) in (0_u16..).zip(rows) {
        for (c, cell) in (0_u16..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
            out.extend(xls_cell(r, c, cell));
        }
    }
    out
}

pub(crate) fn xls_cell(row: u16, column: u16, cell: &str) -> Vec<u8> {
    let mut data: Vec<u8> = [row, column, 0].into_iter().flat_map(u16::to_le_bytes).collect();
    match cell.parse::<f64>() {
        Ok(number) => {
            data.extend(number.to_le_bytes());
            record(0x0203, &data)
        }
        Err(_) => {
            let text = unicode(cell);
            data.extend(((text.len() / 2) as u16).to_le_bytes());
            data.push(1);
            data.extend(text);
            record(0x0204, &data)
        }
    }
}

pub(crate) fn xls_of(cells: &[u8], dimensions: Option<(u32, u16)>) -> Vec<u8> {
    let begin = |kind: u16| {
        let mut data: Vec<u8> = [0x0600_u16, kind, 0x0dbb, 0x07cc].into_iter().flat_map(u16::to_le_bytes).collect();
        data.extend([0; 8]);
        record(0x0809, &data)
    };
    let name = unicode("Sheet1");
    let bound = |at: u32| {
        let mut data = at.to_le_bytes().to_vec();
        data.extend([0, 0, 6, 1]);
        data.extend(&name);
        record(0x0085, &data)
    };
    let head = begin(5);
    let at = head.len() + bound(0).len() + record(0x000a, &[]).len();
    let mut stream = [head, bound(at as u32), record(0x000a, &[]), begin(16)].concat();
    if let Some((rows, columns)) = dimensions {
        let mut data = 0_u32.to_le_bytes().to_vec();
        data.extend(rows.to_le_bytes());
        data.extend(0_u16.to_le_bytes());
        data.extend(columns.to_le_bytes());
        data.extend([0, 0]);
        stream.extend(record(0x0200, &data));
    }
    stream.extend(cells);
    stream.extend(record(0x000a, &[]));
    // Streams below this size go to another part of a compound file; real workbooks are larger.
    stream.resize(stream.len().max(4096), 0);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream("/Workbook").unwrap().write_all(&stream).unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}
