//! The platforms' tables as rows of texts, and their JSON.

use screening_io::Coding;

use super::{Wave, answer};

type Rows = Vec<Vec<String>>;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Questions in the order of the form: student id, name, class, then the items. The text names the platform's form.
fn titles(wave: &Wave<'_>) -> Vec<String> {
    let items = wave.asked.iter().flat_map(|asked| asked.definition.items.iter());
    items.enumerate().map(|(n, _)| format!("最近一个月的情况之{}", n + 1)).collect()
}

/// How Wenjuanxing lays out a file.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wenjuanxing {
    /// Without 来源详情.
    pub(crate) five: bool,
    /// With 总分, the sum of the codes.
    pub(crate) total: bool,
    /// The items of each instrument are rows of one matrix question.
    pub(crate) matrix: Option<Matrix>,
    /// A multiple choice before the items.
    pub(crate) hobbies: bool,
    pub(crate) mark: Option<&'static str>,
}

/// Headings of a matrix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matrix {
    /// `第4题(row)`
    Sub,
    /// `4、stem—row`, then `4、row`
    Dash,
}

pub(crate) fn wenjuanxing(wave: &Wave<'_>, coding: Coding, how: Wenjuanxing) -> Rows {
    let mark = how.mark.unwrap_or("、");
    let mut head = texts(&["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]);
    if how.five {
        head.remove(4);
    }
    if how.total {
        head.push("总分".into());
    }
    head.extend([format!("1{mark}您的学号："), format!("2{mark}您的姓名："), format!("3{mark}您的班级：")]);
    let mut number = 3;
    let hobbies = ["打球", "画画(水彩)", "其他〖____〗"];
    if how.hobbies {
        number += 1;
        if coding == Coding::Text {
            head.push(format!("{number}{mark}您的爱好有？"));
        } else {
            head.extend(hobbies.map(|hobby| format!("第{number}题({hobby})")));
        }
    }
    head.extend(item_headings(wave, how, number, mark));
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row = vec![
            (sheet + 1).to_string(),
            wave.time(sheet, '/'),
            format!("{}秒", wave.seconds[sheet]),
            "微信".into(),
            "直接访问".into(),
            "10.1.2.3(广东-广州)".into(),
        ];
        if how.five {
            row.remove(4);
        }
        if how.total {
            let codes = wave.asked.iter().flat_map(|asked| asked.codes[sheet].iter().flatten());
            row.push(codes.map(|code| i32::from(*code)).sum::<i32>().to_string());
        }
        row.extend([wave.ids[sheet].clone(), "某某".into(), wave.classes[sheet].clone()]);
        if how.hobbies {
            let chosen = [sheet % 2, (sheet / 2) % 2, (sheet / 3) % 2];
            if coding == Coding::Text {
                let words: Vec<&str> = hobbies.iter().zip(chosen).filter(|(_, c)| *c == 1).map(|(h, _)| *h).collect();
                row.push(if words.is_empty() { "(空)".into() } else { words.join("┋") });
            } else {
                row.extend(chosen.map(|flag| flag.to_string()));
            }
        }
        let skipped = if coding == Coding::Text { "(空)" } else { "-2" };
        row.extend(wave.answers(sheet, coding, str::to_owned, skipped));
        rows.push(row);
    }
    rows
}

fn item_headings(wave: &Wave<'_>, how: Wenjuanxing, before: usize, mark: &str) -> Vec<String> {
    let titles = titles(wave);
    let Some(matrix) = how.matrix else {
        return titles.iter().enumerate().map(|(n, title)| format!("{}{mark}{title}", before + n + 1)).collect();
    };
    let mut out = Vec::new();
    let mut title = titles.iter();
    for (n, asked) in wave.asked.iter().enumerate() {
        let number = before + n + 1;
        for row in 0..asked.definition.items.len() {
            let title = title.next().unwrap();
            out.push(match matrix {
                Matrix::Sub => format!("第{number}题({title})"),
                Matrix::Dash if row == 0 => format!("{number}{mark}请选择最符合的一项：—{title}"),
                Matrix::Dash => format!("{number}{mark}{title}"),
            });
        }
    }
    out
}

pub(crate) fn tencent(wave: &Wave<'_>, coding: Coding) -> Rows {
    let mut head = texts(&["编号", "开始答题时间", "结束答题时间", "答题时长", "1.学号", "2.姓名", "3.班级"]);
    head.extend(["4.你喜欢什么？:A.打球", "4.你喜欢什么？:B.画画"].map(String::from));
    head.extend(titles(wave).iter().enumerate().map(|(n, title)| format!("{}.{title}", n + 5)));
    head.extend(texts(&[
        "语言",
        "清洗数据结果",
        "智能清洗数据无效概率",
        "地理位置国家和地区",
        "地理位置省",
        "地理位置市",
        "用户类型",
        "用户标识",
        "昵称",
        "自定义字段",
        "IP",
        "UA",
        "Referrer",
        "中奖时间",
        "中奖金额",
        "审核状态",
        "",
    ]));
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row = vec![
            (sheet + 1).to_string(),
            wave.begun(sheet, '-'),
            wave.time(sheet, '-'),
            wave.seconds[sheet].to_string(),
            wave.ids[sheet].clone(),
            "某某".into(),
            wave.classes[sheet].clone(),
        ];
        row.push(if sheet % 2 == 0 { "A.打球".into() } else { String::new() });
        row.push(if sheet % 3 == 0 { "B.画画".into() } else { String::new() });
        for asked in &wave.asked {
            for code in &asked.codes[sheet] {
                let letter = |text: &str| {
                    let at = asked.options.iter().position(|option| option.1 == text).unwrap();
                    format!("{}.{text}", char::from(b'A' + at as u8))
                };
                row.push(code.map_or(String::new(), |code| answer(asked.options, code, coding, letter)));
            }
        }
        row.extend(texts(&[
            "简体中文",
            "有效",
            "0.02",
            "中国",
            "广东",
            "广州",
            "微信用户",
            "oABC",
            "小明",
            "",
            "10.1.2.3",
            "Mozilla",
            "",
            "",
            "",
            "",
            "",
        ]));
        rows.push(row);
    }
    rows
}

pub(crate) fn jinshuju(wave: &Wave<'_>, coding: Coding) -> Rows {
    let mut head = texts(&["序号", "学号", "姓名", "班级"]);
    head.extend(titles(wave));
    head.extend(texts(&[
        "提交人",
        "提交时间",
        "修改时间",
        "填写时长",
        "填写设备",
        "操作系统",
        "浏览器",
        "填写地区",
        "IP",
    ]));
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row =
            vec![(sheet + 1).to_string(), wave.ids[sheet].clone(), "某某".into(), wave.classes[sheet].clone()];
        row.extend(wave.answers(sheet, coding, str::to_owned, ""));
        let time = wave.time(sheet, '-');
        let seconds = format!("{}分{}秒", wave.seconds[sheet] / 60, wave.seconds[sheet] % 60);
        row.extend([String::new(), time.clone(), time, seconds]);
        row.extend(texts(&["Android", "Android 14", "微信", "广东广州", "10.1.2.3"]));
        rows.push(row);
    }
    rows
}

/// The interface's JSON: field numbers have gaps where the form was edited.
pub(crate) fn jinshuju_json(wave: &Wave<'_>, coding: Coding) -> String {
    let mut entries = Vec::new();
    for sheet in 0..wave.sheets() {
        let mut entry = serde_json::json!({
            "serial_number": sheet + 1,
            "学号": wave.ids[sheet],
            "班级": wave.classes[sheet],
            "field_2": ["7oLf", "vQki"],
        });
        let fields = entry.as_object_mut().unwrap();
        fields.remove("field_2");
        for (n, value) in wave.answers(sheet, coding, str::to_owned, "").into_iter().enumerate() {
            let value = if value.is_empty() {
                serde_json::Value::Null
            } else {
                value.parse::<i64>().map_or_else(|_| value.into(), Into::into)
            };
            fields.insert(format!("field_{}", n * 2 + 5), value);
        }
        fields.insert("x_field_1".into(), format!("code{sheet}").into());
        fields.insert("creator_name".into(), "小王".into());
        // Universal time, eight hours behind the pupils' clocks.
        let [year, month, day, hour, minute, second] = wave.times[sheet];
        let universal = format!("{year}-{month:02}-{day:02}T{:02}:{minute:02}:{second:02}.000Z", hour - 8);
        fields.insert("created_at".into(), universal.into());
        fields.insert("updated_at".into(), wave.time(sheet, '-').into());
        fields.insert("info_filling_duration".into(), wave.seconds[sheet].into());
        fields.insert("info_remote_ip".into(), "10.1.2.3".into());
        fields.insert("info_region".into(), serde_json::json!({"province": "广东省", "city": "广州市"}));
        entries.push(entry);
    }
    serde_json::json!({"total": entries.len(), "count": entries.len(), "data": entries, "next": null}).to_string()
}

/// The file of codes names its questions Q1, Q2, ...; the file of texts by their wording.
pub(crate) fn wenjuanwang(wave: &Wave<'_>, coding: Coding) -> Rows {
    let plain = coding == Coding::Text;
    let mut head = texts(&["序号", "start", "finish"]);
    if plain {
        head.push("答题时长".into());
        head.extend(texts(&["学号", "班级"]));
        head.extend(titles(wave).iter().map(|title| format!("请选择_{title}")));
    } else {
        head.extend(texts(&["channel", "学号", "班级", "Q1_A1", "Q1_A2", "Q1_A2_open"]));
        for (number, asked) in (2..).zip(&wave.asked) {
            head.extend((1..=asked.definition.items.len()).map(|row| format!("Q{number}_R{row}")));
        }
    }
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row = vec![(sheet + 1).to_string(), wave.begun(sheet, '/'), wave.time(sheet, '/')];
        if plain {
            row.push(wave.seconds[sheet].to_string());
            row.extend([wave.ids[sheet].clone(), wave.classes[sheet].clone()]);
        } else {
            row.extend(["链接".into(), wave.ids[sheet].clone(), wave.classes[sheet].clone()]);
            row.extend(texts(if sheet % 2 == 0 { &["1", "0", ""] } else { &["0", "1", "随便写的"] }));
        }
        row.extend(wave.answers(sheet, coding, str::to_owned, ""));
        rows.push(row);
    }
    rows
}

pub(crate) fn limesurvey(wave: &Wave<'_>, coding: Coding) -> Rows {
    let mut head =
        texts(&["id", "submitdate", "lastpage", "startlanguage", "seed", "token", "startdate", "datestamp", "ipaddr"]);
    head.extend(texts(&["hobby[SQ001]", "hobby[SQ002]", "hobby[other]"]));
    for asked in &wave.asked {
        head.extend((1..=asked.definition.items.len()).map(|n| format!("{}[SQ{n:03}]", asked.definition.id)));
    }
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row = vec![(sheet + 1).to_string(), wave.time(sheet, '-')];
        row.extend(texts(&["3", "zh-Hans", "123456"]));
        row.extend([wave.ids[sheet].clone(), wave.begun(sheet, '-'), wave.time(sheet, '-'), "10.1.2.3".into()]);
        row.extend(texts(if sheet % 2 == 0 { &["Y", "", "滑板"] } else { &["", "Y", ""] }));
        for asked in &wave.asked {
            for code in &asked.codes[sheet] {
                let plain = code.map_or(String::new(), |code| answer(asked.options, code, coding, str::to_owned));
                // Answer codes count from A1 in the order of the options.
                row.push(if coding == Coding::Ordinal && !plain.is_empty() { format!("A{plain}") } else { plain });
            }
        }
        rows.push(row);
    }
    rows
}

pub(crate) fn redcap(wave: &Wave<'_>, coding: Coding) -> Rows {
    let mut head = texts(&["record_id", "redcap_event_name", "redcap_data_access_group", "redcap_survey_identifier"]);
    for asked in &wave.asked {
        let name = asked.definition.id.replace('-', "");
        head.push(format!("{name}_timestamp"));
        head.extend((1..=asked.definition.items.len()).map(|n| format!("{name}_{n}")));
        head.push(format!("{name}_note"));
        head.push(format!("{name}_complete"));
    }
    let mut rows = vec![head];
    for sheet in 0..wave.sheets() {
        let mut row = vec![wave.ids[sheet].clone(), "autumn_arm_1".into(), "school_1".into(), String::new()];
        for asked in &wave.asked {
            row.push(wave.time(sheet, '-'));
            let codes = asked.codes[sheet].iter();
            row.extend(
                codes.map(|code| code.map_or(String::new(), |code| answer(asked.options, code, coding, str::to_owned))),
            );
            row.extend(["a note".into(), "2".into()]);
        }
        rows.push(row);
    }
    rows
}

/// A bundle of responses; items are linked by `link`, answers written by `value`.
pub(crate) fn fhir(
    wave: &Wave<'_>,
    link: impl Fn(&str, &str) -> String,
    value: impl Fn(i8) -> serde_json::Value,
) -> String {
    let mut entries = vec![serde_json::json!({"resource": {"resourceType": "Patient", "id": "x"}})];
    for sheet in 0..wave.sheets() {
        let mut items = Vec::new();
        for asked in &wave.asked {
            for (item, code) in asked.definition.items.iter().zip(&asked.codes[sheet]) {
                let answers: Vec<serde_json::Value> = code.iter().map(|code| value(*code)).collect();
                items.push(serde_json::json!({"linkId": link(&asked.definition.id, &item.id), "answer": answers}));
            }
        }
        entries.push(serde_json::json!({"resource": {
            "resourceType": "QuestionnaireResponse",
            "id": format!("r{sheet}"),
            "status": "completed",
            "subject": {"reference": format!("Patient/{}", wave.ids[sheet])},
            "authored": wave.time(sheet, '-').replace(' ', "T") + "+08:00",
            "item": [{"linkId": "group", "item": items}],
        }}));
    }
    serde_json::json!({"resourceType": "Bundle", "type": "collection", "entry": entries}).to_string()
}
