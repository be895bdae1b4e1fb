//! The parts of a document that are the same in every one.

use std::fmt::Write as _;

use screening_core::instrument::Language;
use screening_core::svg::escaped;

use crate::model::Report;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

pub(super) const DOCUMENT_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" \
xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
xmlns:c=\"http://schemas.openxmlformats.org/drawingml/2006/chart\"><w:body>";

pub(super) const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>\
</Relationships>";

pub(super) const SETTINGS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<w:settings xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
<w:compat><w:compatSetting w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat>\
</w:settings>";

pub(super) const NUMBERING: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
<w:numbering xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
<w:abstractNum w:abstractNumId=\"0\"><w:multiLevelType w:val=\"singleLevel\"/>\
<w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/><w:numFmt w:val=\"bullet\"/><w:lvlText w:val=\"•\"/><w:lvlJc w:val=\"left\"/>\
<w:pPr><w:ind w:left=\"420\" w:hanging=\"280\"/></w:pPr></w:lvl></w:abstractNum>\
<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>";

pub(super) fn content_types(charts: usize) -> String {
    let mut out = format!(
        "{HEAD}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Default Extension=\"xlsx\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\"/>\
         <Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>"
    );
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    for (part, kind) in [
        ("document", "document.main"),
        ("styles", "styles"),
        ("numbering", "numbering"),
        ("settings", "settings"),
        ("footer1", "footer"),
    ] {
        let _ = write!(out, "<Override PartName=\"/word/{part}.xml\" ContentType=\"{word}.{kind}+xml\"/>");
    }
    for number in 1..=charts {
        let _ = write!(
            out,
            "<Override PartName=\"/word/charts/chart{number}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.drawingml.chart+xml\"/>"
        );
    }
    out.push_str("</Types>");
    out
}

pub(super) fn document_relations(charts: usize) -> String {
    let mut out =
        format!("{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">");
    for (id, kind, target) in [
        ("rIdStyles", "styles", "styles.xml"),
        ("rIdNumbering", "numbering", "numbering.xml"),
        ("rIdSettings", "settings", "settings.xml"),
        ("rIdFooter", "footer", "footer1.xml"),
    ] {
        let _ = write!(out, "<Relationship Id=\"{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>");
    }
    for number in 1..=charts {
        let _ = write!(
            out,
            "<Relationship Id=\"rIdChart{number}\" Type=\"{OFFICE}/chart\" Target=\"charts/chart{number}.xml\"/>"
        );
    }
    out.push_str("</Relationships>");
    out
}

pub(super) fn chart_relations(number: usize) -> String {
    format!(
        "{HEAD}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{OFFICE}/package\" Target=\"../embeddings/chart{number}.xlsx\"/></Relationships>"
    )
}

/// Title and language; no author, no clock.
pub(super) fn core(report: &Report) -> String {
    let language = if report.language == Language::ZhCn { "zh-CN" } else { "en" };
    format!(
        "{HEAD}<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title><dc:description>{}</dc:description>\
         <dc:language>{language}</dc:language></cp:coreProperties>",
        escaped(&report.title),
        escaped(&report.notice)
    )
}

pub(super) fn footer(notice: &str) -> String {
    let field = "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>\
                 <w:r><w:fldChar w:fldCharType=\"end\"/></w:r>";
    format!(
        "{HEAD}<w:ftr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>\
         <w:r><w:t xml:space=\"preserve\">{}　</w:t></w:r>{field}</w:p></w:ftr>",
        escaped(notice)
    )
}

/// One paragraph style: id, name, properties of the paragraph, properties of its letters, whether people choose it.
type Style = (&'static str, &'static str, &'static str, &'static str);

const STYLES: [Style; 14] = [
    (
        "Title",
        "Title",
        "<w:spacing w:before=\"240\" w:after=\"160\"/><w:jc w:val=\"center\"/>",
        "<w:rFonts w:eastAsia=\"SimHei\"/><w:b/><w:sz w:val=\"40\"/>",
    ),
    ("Subtitle", "Subtitle", "<w:spacing w:after=\"40\"/><w:jc w:val=\"center\"/>", "<w:sz w:val=\"22\"/>"),
    (
        "Heading1",
        "heading 1",
        "<w:keepNext/><w:spacing w:before=\"360\" w:after=\"120\"/><w:outlineLvl w:val=\"0\"/>",
        "<w:rFonts w:eastAsia=\"SimHei\"/><w:b/><w:sz w:val=\"30\"/>",
    ),
    (
        "Heading2",
        "heading 2",
        "<w:keepNext/><w:spacing w:before=\"240\" w:after=\"80\"/><w:outlineLvl w:val=\"1\"/>",
        "<w:rFonts w:eastAsia=\"SimHei\"/><w:b/><w:sz w:val=\"25\"/>",
    ),
    (
        "Heading3",
        "heading 3",
        "<w:keepNext/><w:spacing w:before=\"200\" w:after=\"60\"/><w:outlineLvl w:val=\"2\"/>",
        "<w:rFonts w:eastAsia=\"SimHei\"/><w:b/><w:sz w:val=\"23\"/>",
    ),
    ("BodyText", "Body Text", "<w:spacing w:after=\"120\" w:line=\"340\" w:lineRule=\"auto\"/>", ""),
    ("Note", "Note", "<w:spacing w:after=\"60\"/>", "<w:sz w:val=\"18\"/>"),
    (
        "Notice",
        "Notice",
        "<w:pBdr><w:top w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"1A1A1A\"/><w:left w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"1A1A1A\"/><w:bottom w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"1A1A1A\"/><w:right w:val=\"single\" w:sz=\"8\" w:space=\"4\" w:color=\"1A1A1A\"/></w:pBdr><w:spacing w:before=\"120\" w:after=\"120\"/>",
        "<w:b/>",
    ),
    (
        "ListBullet",
        "List Bullet",
        "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr><w:spacing w:after=\"60\"/>",
        "",
    ),
    ("Caption", "caption", "<w:spacing w:before=\"160\" w:after=\"60\"/>", "<w:b/><w:sz w:val=\"20\"/>"),
    ("TableHeading", "Table Heading", "<w:spacing w:before=\"20\" w:after=\"20\"/>", "<w:b/><w:sz w:val=\"19\"/>"),
    ("TableText", "Table Text", "<w:spacing w:before=\"20\" w:after=\"20\"/>", "<w:sz w:val=\"19\"/>"),
    (
        "TableFigure",
        "Table Figure",
        "<w:spacing w:before=\"20\" w:after=\"20\"/><w:jc w:val=\"right\"/>",
        "<w:sz w:val=\"19\"/>",
    ),
    ("Figure", "Figure", "<w:keepNext/><w:spacing w:before=\"160\" w:after=\"40\"/><w:jc w:val=\"center\"/>", ""),
];

pub(super) fn styles(language: Language) -> String {
    let words = if language == Language::ZhCn { "zh-CN" } else { "en-GB" };
    let mut out = format!(
        "{HEAD}<w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:docDefaults><w:rPrDefault><w:rPr>\
         <w:rFonts w:ascii=\"Times New Roman\" w:hAnsi=\"Times New Roman\" w:eastAsia=\"SimSun\" w:cs=\"Times New Roman\"/>\
         <w:sz w:val=\"22\"/><w:lang w:val=\"{words}\" w:eastAsia=\"zh-CN\"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\"><w:name w:val=\"Normal\"/><w:qFormat/></w:style>\
         <w:style w:type=\"table\" w:default=\"1\" w:styleId=\"TableNormal\"><w:name w:val=\"Normal Table\"/><w:tblPr>\
         <w:tblCellMar><w:left w:w=\"85\" w:type=\"dxa\"/><w:right w:w=\"85\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr></w:style>\
         <w:style w:type=\"table\" w:styleId=\"TableGrid\"><w:name w:val=\"Table Grid\"/><w:basedOn w:val=\"TableNormal\"/><w:tblPr><w:tblBorders>"
    );
    for side in ["top", "left", "bottom", "right", "insideH", "insideV"] {
        let _ = write!(out, "<w:{side} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"777777\"/>");
    }
    out.push_str("</w:tblBorders></w:tblPr></w:style>");
    let footer: Style = ("Footer", "footer", "<w:jc w:val=\"center\"/>", "<w:sz w:val=\"17\"/>");
    for (id, name, paragraph, letters) in STYLES.into_iter().chain([footer]) {
        let _ = write!(
            out,
            "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/><w:basedOn w:val=\"Normal\"/><w:qFormat/>\
             <w:pPr>{paragraph}</w:pPr><w:rPr>{letters}</w:rPr></w:style>"
        );
    }
    out.push_str("</w:styles>");
    out
}
