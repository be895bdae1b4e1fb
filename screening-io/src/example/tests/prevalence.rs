//! Do the answers look like those of a school? Bands around published figures.

use std::collections::HashMap;

use screening_core::instrument::model::Definition;

use super::read_back::{Read, Row, items, job, sheets};
use super::{definitions, make};

/// Complete sheets of one instrument: answers by item id.
struct Sample {
    people: Vec<HashMap<String, i64>>,
}

impl Sample {
    fn of(id: &str, rows: &[Row], job: &toml::Table, definitions: &HashMap<String, Definition>) -> Self {
        let complete = rows.iter().filter_map(|row| {
            let mut answers = HashMap::new();
            let cells = items(&row.battery, job, definitions).into_iter().zip(&row.cells);
            for ((_, item), cell) in cells.filter(|((definition, _), _)| definition.id == id) {
                match cell {
                    Read::Code(code) => answers.insert(item.id.clone(), *code),
                    Read::Text(_) => None,
                    Read::Blank | Read::Wrong => return None,
                };
            }
            (!answers.is_empty()).then_some(answers)
        });
        Self { people: complete.collect() }
    }

    fn sums(&self, items: &[&str]) -> Vec<i64> {
        self.people.iter().map(|answers| items.iter().map(|item| answers[*item]).sum()).collect()
    }

    fn all(&self) -> Vec<i64> {
        self.people.iter().map(|answers| answers.values().sum()).collect()
    }
}

fn mean(values: &[i64]) -> f64 {
    values.iter().sum::<i64>() as f64 / values.len() as f64
}

fn share(values: &[i64], from: i64) -> f64 {
    values.iter().filter(|&&value| value >= from).count() as f64 / values.len() as f64
}

fn within(what: &str, value: f64, low: f64, high: f64) {
    println!("{what}: {value:.3} ({low}..{high})");
    assert!((low..=high).contains(&value), "{what}: {value:.3} is not in {low}..{high}");
}

fn names(from: u32, to: u32) -> Vec<String> {
    (from..=to).map(|item| item.to_string()).collect()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn answers_look_like_those_of_a_school() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = definitions();
    let summary = make(folder.path(), 6000, Some(6), 2026).unwrap();
    let rows = sheets(folder.path(), &summary, &definitions);
    let job = job(folder.path());
    let sample = |id: &str| Sample::of(id, &rows, &job, &definitions);

    let phq = sample("phq-9");
    within("PHQ-9 mean", mean(&phq.all()), 3.5, 5.0);
    within("PHQ-9 >= 10", share(&phq.all(), 10), 0.09, 0.15);
    within("PHQ-9 item 9 >= 1", share(&phq.sums(&["9"]), 1), 0.05, 0.085);
    let gad = sample("gad-7");
    within("GAD-7 mean", mean(&gad.all()), 3.0, 4.0);
    within("GAD-7 >= 10", share(&gad.all(), 10), 0.06, 0.13);

    mht(&sample("mht"));
    let scl = sample("scl-90");
    within("SCL-90 mean", mean(&scl.all()) / 90.0, 1.4, 1.6);
    let ms = sample("mssmhs");
    within("MSSMHS mean >= 2", share(&ms.all(), 120), 0.15, 0.33);
    let primary = summary.files.iter().filter(|file| file.battery == "primary").map(|file| file.rows).sum::<u64>();
    within("lie-scale failures", summary.lie_failures as f64 / primary as f64, 0.025, 0.055);
}

fn mht(mht: &Sample) {
    let scales = [(1, 15), (16, 25), (26, 35), (36, 45), (46, 55), (56, 70), (71, 80)];
    let mut scales: Vec<Vec<String>> = scales.iter().map(|&(from, to)| names(from, to)).collect();
    scales.push((81..=99).step_by(2).map(|item: u32| item.to_string()).collect());
    let sums: Vec<Vec<i64>> = scales.iter().map(|items| mht.sums(&refs(items))).collect();
    for sum in &sums {
        println!("  content scale: mean {:.2}, >= 8 {:.3}", mean(sum), share(sum, 8));
    }
    let people = 0..mht.people.len();
    let totals: Vec<i64> = people.clone().map(|person| sums.iter().map(|sum| sum[person]).sum()).collect();
    let any: Vec<i64> = people.map(|person| sums.iter().map(|sum| sum[person]).max().unwrap_or(0)).collect();
    within("MHT mean", mean(&totals), 27.0, 33.0);
    within("MHT >= 65", share(&totals, 65), 0.03, 0.07);
    within("MHT one content scale >= 8", share(&any, 8), 0.42, 0.65);
    within("MHT item 85", share(&mht.sums(&["85"]), 1), 0.02, 0.08);
    within("MHT item 97", share(&mht.sums(&["97"]), 1), 0.01, 0.06);
}

#[test]
fn sleep_times_hang_together() {
    let folder = tempfile::tempdir().unwrap();
    let definitions = definitions();
    let summary = make(folder.path(), 3000, None, 5).unwrap();
    let rows = sheets(folder.path(), &summary, &definitions);
    let job = job(folder.path());
    let mut hours = Vec::new();
    let mut slips = 0;
    for row in rows.iter().filter(|row| row.battery == "senior") {
        let items = items("senior", &job, &definitions);
        let text = |id: &str| {
            let found = items.iter().zip(&row.cells).find(|((d, item), _)| d.id == "psqi" && item.id == id);
            match found {
                Some((_, Read::Text(text))) => Some(text.clone()),
                _ => None,
            }
        };
        let clock = |id: &str| {
            let text = text(id)?;
            let (hour, minute) = text.split_once(':')?;
            Some(hour.parse::<f64>().ok()? * 60.0 + minute.parse::<f64>().ok()?)
        };
        let (Some(bed), Some(rise), Some(slept)) = (clock("1"), clock("3"), text("4")) else {
            continue;
        };
        let slept: f64 = slept.parse().unwrap();
        if (600.0..720.0).contains(&bed) {
            slips += 1;
            continue;
        }
        assert!(slept * 60.0 <= (rise - bed).rem_euclid(1440.0), "slept {slept} h from {bed} to {rise}");
        hours.push(slept);
    }
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    assert!((5.5..7.8).contains(&mean), "{mean}");
    assert!(slips > 0 && slips <= summary.clock_slips, "{slips} of {}", summary.clock_slips);
}

#[test]
fn a_sheet_takes_minutes_except_the_too_fast_ones() {
    let folder = tempfile::tempdir().unwrap();
    let summary = make(folder.path(), 3000, None, 6).unwrap();
    let rows = sheets(folder.path(), &summary, &definitions());
    let fast = rows.iter().filter(|row| !row.canonical && f64::from(row.seconds) < row.cells.len() as f64);
    let fast = fast.count() as u64;
    assert!(fast > 0 && fast <= summary.too_fast && fast + 3 >= summary.too_fast, "{fast} of {}", summary.too_fast);
}
