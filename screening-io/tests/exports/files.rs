//! Kinds of files for rows of texts, written by other crates than those that read them, or by hand.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

#[allow(unused_imports)]
pub(crate) use crate::common::{csv_bytes, xlsx_bytes};

pub(crate) fn gbk(rows: &[Vec<String>]) -> Vec<u8> {
    let text = String::from_utf8(csv_bytes(rows)).unwrap();
    encoding_rs::GBK.encode(&text).0.into_owned()
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
            body.push_str(&match cell.parse::<f64>() {
                _ if cell.is_empty() => format!("<table:table-cell{repeat}/>"),
                Ok(number) => format!("<table:table-cell{repeat} office:value-type=\"float\" office:value=\"{number}\"><text:p>{number}</text:p></table:table-cell>"),
                Err(_) => format!("<table:table-cell{repeat} office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>", escape(cell)),
            });
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
