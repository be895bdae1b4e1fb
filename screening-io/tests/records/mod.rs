//! Tables of records about pupils and of decisions, and the jobs that name them.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::date;
use screening_core::risk::Policy;
use screening_io::job::{Job, run_job};
use screening_io::output::write_outputs;
use screening_io::{read_decisions, read_evidence};

fn file(folder: &Path, name: &str, text: &str) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn refused(text: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let error = read_evidence(&file(folder.path(), "r.csv", text)).unwrap_err();
    (error.id().to_owned(), error.to_string())
}

#[test]
fn records_are_read_in_the_words_of_either_language() {
    let folder = tempfile::tempdir().unwrap();
    let text = "学号,类别,来源,内容,日期\n007,提名,教师,有些担心,2026-10-01\n008,nomination.parent,,urgent,\n,history,,none,2026-09-01\n";
    let records = read_evidence(&file(folder.path(), "r.csv", text)).unwrap();
    let told: Vec<_> = records
        .iter()
        .map(|r| (r.student_id.as_str(), r.kind.as_str(), r.source.as_deref(), r.value.as_str(), r.date, r.place.row))
        .collect();
    assert_eq!(
        told,
        [
            ("007", "nomination", Some("teacher"), "concern", Some(date(2026, 10, 1)), 2),
            ("008", "nomination", Some("parent"), "urgent", None, 3),
            ("", "history", None, "none", Some(date(2026, 9, 1)), 4),
        ]
    );
}

#[test]
fn what_is_not_in_the_vocabulary_is_refused_with_its_place() {
    let cases = [
        ("student_id,kind,value,remarks\n7,history,none,cries\n", "record-column"),
        ("student_id,kind,value,value\n7,history,none,none\n", "heading-duplicate"),
        ("student_id,value\n7,none\n", "record-missing"),
        ("student_id,kind,value\n7,rumour,none\n", "evidence-kind"),
        ("student_id,kind,value\n7,history,was sad\n", "evidence-value"),
        ("student_id,kind,value\n7,nomination,urgent\n", "evidence-no-source"),
        ("student_id,kind,source,value\n7,nomination,uncle,urgent\n", "evidence-source"),
        ("student_id,kind,source,value\n7,nomination.teacher,parent,urgent\n", "evidence-source-twice"),
        ("student_id,kind,value,date\n7,history,none,last spring\n", "person-not-a-date"),
    ];
    for (text, id) in cases {
        let (found, told) = refused(text);
        assert_eq!(found, id, "{told}");
        assert!(told.contains("r.csv"), "{told}");
    }
    assert!(refused("student_id,kind,value\n7,history,was sad\n").1.contains("row 2"));
}

#[test]
fn decisions_name_somebody_and_use_the_words_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Policy::bundled("district-default").unwrap().unwrap();
    let read = |row: &str| {
        let text = format!("student_id,decided_by,decided_on,tier,reason\n{row}\n");
        read_decisions(&file(folder.path(), "d.csv", &text), &policy)
    };
    let decision = read("7,李老师,2026-10-14,本周访谈,访谈后决定").unwrap().remove(0);
    assert_eq!((decision.tier.as_str(), decision.reason.as_str()), ("soon", "interview"));
    for (row, id) in [
        ("7,,2026-10-14,soon,interview", "decision-by"),
        ("7,110101200001011234,2026-10-14,soon,interview", "decision-by"),
        ("7,T1,,soon,interview", "person-not-a-date"),
        ("7,T1,2026-10-14,level 1,interview", "decision-tier"),
        ("7,T1,2026-10-14,soon,felt like it", "decision-reason"),
    ] {
        assert_eq!(read(row).unwrap_err().id(), id, "{row}");
    }
}

const HEAD: &str = "schema = 1\ntitle = { zh-CN = \"t\", en = \"t\" }\ndistrict = \"d\"\nwave = \"2026-autumn\"\nadministered-on = 2026-10-12\n\
                    policy = \"district-default\"\nroster = \"roster.csv\"\n";

/// The parts of a job on the page about policies are parts of a job.
#[test]
fn every_part_of_a_job_on_the_page_reads() {
    let page = include_str!("../../../docs/policies.md");
    let mut parts = 0;
    for block in page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        if !block.starts_with("[[evidence]]") && !block.starts_with("[[answers]]") {
            continue;
        }
        let answers = if block.contains("[[answers]]") {
            ""
        } else {
            "[[answers]]\nfile = \"a.csv\"\nbattery = \"junior-two-stage\"\nformat = \"canonical\"\n"
        };
        let battery =
            "[[batteries]]\nid = \"junior-two-stage\"\ngrades = { from = 7, to = 9 }\ninstruments = [\"phq-2\"]\n";
        Job::parse("page", &format!("{HEAD}{battery}{block}{answers}"))
            .unwrap_or_else(|error| panic!("{error}\n{block}"));
        parts += 1;
    }
    assert_eq!(parts, 2);
}

fn sheets(instrument: &str, items: usize, rows: &[(&str, i8)]) -> String {
    let headings: Vec<String> = (1..=items).map(|item| format!("{instrument}.{item}")).collect();
    let mut text = format!("student_id,{}\n", headings.join(","));
    for (id, code) in rows {
        let codes = vec![code.to_string(); items].join(",");
        text.push_str(&[id, ",", &codes, "\n"].concat());
    }
    text
}

#[test]
fn a_job_reads_records_second_stages_and_decisions() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    file(at, "roster.csv", "student_id,school,grade,class\na,甲校,7,1\nb,甲校,7,1\nc,甲校,7,1\nd,乙校,8,1\n");
    file(at, "first.csv", &sheets("phq-2", 2, &[("a", 0), ("b", 2), ("c", 3)]));
    file(at, "second.csv", &sheets("phq-9", 9, &[("b", 2)]));
    file(
        at,
        "records.csv",
        "student_id,kind,source,value,date\nd,nomination,teacher,urgent,2026-10-01\nx,history,,none,\n",
    );
    file(at, "decisions.csv", "student_id,decided_by,decided_on,tier,reason\nb,T1,2026-10-13,today,as-proposed\n");
    let job = format!(
        "{HEAD}decisions = \"decisions.csv\"\n[[batteries]]\nid = \"two\"\ngrades = {{ from = 7, to = 9 }}\ninstruments = [\"phq-2\"]\n\
         [[batteries.further-forms]]\nid = \"full\"\nname = {{ en = \"full\", zh-CN = \"完整问卷\" }}\ninstruments = [\"phq-9\"]\n\
         when = {{ score = \"phq-2.total\", op = \">=\", value = 3 }}\n\
         [[evidence]]\nfile = \"records.csv\"\ncovers = [\"nomination.teacher\"]\nschools = [\"甲校\", \"乙校\"]\n\
         [[answers]]\nfile = \"first.csv\"\nbattery = \"two\"\nformat = \"canonical\"\ncoding = \"score\"\n\
         [[answers]]\nfile = \"second.csv\"\nbattery = \"two\"\nforms = [\"full\"]\nformat = \"canonical\"\ncoding = \"score\"\n"
    );
    let job = file(at, "screening.toml", &job);
    let done = run_job(&job, false, &|_| {}).unwrap();
    let summary = &done.screening.summary;
    let rows = summary.rows;
    assert_eq!((rows.read, rows.used, rows.joined), (4, 3, 1));
    assert_eq!((summary.forms[0].asked, summary.forms[0].due), (2, 1));
    assert_eq!(summary.evidence.as_ref().map(|used| (used.read, used.rejected)), Some((2, 1)));
    assert_eq!(summary.agreement.as_ref().map(|agreement| (agreement.decided, agreement.same)), Some((1, 1)));
    assert_eq!(summary.flagged_without_sheet, 1);
    assert!(summary.provenance.evidence[0].starts_with("records.csv+"));
    let out = at.join("out");
    write_outputs(&out, &done.screening, &done.policy, &done.rejected, &BTreeMap::new(), &|_| {}).unwrap();
    let rejected = std::fs::read_to_string(out.join("rejected.csv")).unwrap();
    assert!(rejected.contains("record,records.csv,,3,student_id,x,evidence-unknown-pupil"), "{rejected}");
    let results = std::fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(results.lines().next().unwrap().ends_with("due,decided_tier,decided_by,decided_on,decision_reason"));
    let wrong = std::fs::read_to_string(&job).unwrap().replace("forms = [\"full\"]", "forms = [\"long\"]");
    let refused = run_job(&file(at, "wrong.toml", &wrong), false, &|_| {}).unwrap_err().to_string();
    assert!(refused.contains("main, full"), "{refused}");
}
