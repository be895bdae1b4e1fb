//! Files of jobs: in backups, under a new key, and for no longer than what they tell of is kept.

use std::path::Path;
use std::time::Duration;

use screening_server::{Config, KeySource, StoreConfig, operations};
use serde_json::{Value, json};

use super::jobs::{ROWS, nine, table};
use super::{definition, done, released, upload};
use crate::client::{Answer, start};
use crate::store::on_both;
use crate::store::world::{PASSWORD, World, good, text};

on_both!(a_backup_holds_what_jobs_wrote, files_are_under_the_key_in_use, files_end_with_a_pupil, files_end_by_a_rule);

/// A wave that was computed: ids of the screening and of the job.
fn computed(world: &World) -> (String, String) {
    nine(world);
    let id = released(world, &definition("2026-autumn"));
    let target = format!("/api/v1/screenings/{id}/answers?source=table");
    let job = good(&upload(world, &world.officer, &target, table(&ROWS).as_bytes()));
    let wave = text(&done(world, &text(&job["id"]))["wave_job"]);
    done(world, &wave);
    (id, wave)
}

fn file(world: &World, job: &str, name: &str) -> Answer {
    world.get(&world.officer, &format!("/api/v1/jobs/{job}/files/{name}"))
}

/// Names of what stands below a folder.
fn below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        names.extend(below(&path));
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names
}

fn a_backup_holds_what_jobs_wrote(world: &World) {
    let (_, wave) = computed(world);
    let before = file(world, &wave, "results.csv").text();
    let jobs = world.config.data.join("jobs");
    assert!(!below(&jobs).iter().any(|name| name.starts_with("upload")), "what was uploaded is not kept");
    // What a computation is writing stands in the clear for a moment.
    let clear = jobs.join(&wave).join("clear");
    std::fs::create_dir(&clear).unwrap();
    std::fs::write(clear.join("results.csv"), "marker-in-the-clear").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    let made = operations::backup(&world.config, &to).unwrap();
    assert!(made.files.contains_key(&format!("jobs/{wave}/results.csv.sealed")), "{:?}", made.files);
    assert!(!below(&to).iter().any(|name| name == "clear" || name == "results.csv"), "{:?}", below(&to));
    // Without its keys nothing is restored, and nothing is left behind.
    let config = StoreConfig { clock: world.clock.clone(), ..StoreConfig::new(folder.path().join("restored")) };
    let refused = operations::restore(&config, &to).unwrap_err().to_string();
    assert!(refused.contains("keys.toml") && refused.contains("--keys"), "{refused}");
    assert!(!config.data.exists(), "a restoration that was refused leaves nothing");
    let keys = KeySource::File(world.config.data.join("keys.toml"));
    let config = StoreConfig { keys: Some(keys), ..config };
    operations::restore(&config, &to).unwrap();
    let server = start(Config { store: Some(config), ..Config::default() });
    let headers = [("accept-language", "en"), ("cookie", world.officer.cookie())];
    let restored = server.ask("GET", &format!("/api/v1/jobs/{wave}/files/results.csv"), &headers, None);
    assert_eq!((restored.status, restored.text()), (200, before));
}

fn files_are_under_the_key_in_use(world: &World) {
    let (_, wave) = computed(world);
    let before = file(world, &wave, "results.csv").text();
    let rotated = operations::rotate_keys(&world.config, false, true).unwrap();
    assert!(rotated.files > 5 && rotated.dropped == ["k1"], "{rotated:?}");
    // The server hears of the key with its next work.
    file(world, &wave, "results.csv");
    assert_eq!(file(world, &wave, "results.csv").text(), before, "the old key is gone, and the file is read");
    assert_eq!(operations::rotate_keys(&world.config, true, false).unwrap().files, 0);
    assert!(!below(&world.config.data.join("jobs")).iter().any(|name| name.contains(".again")));
}

fn kept(world: &World, job: &str) -> Value {
    good(&world.get(&world.officer, &format!("/api/v1/jobs/{job}")))["files_kept"].clone()
}

fn files_end_with_a_pupil(world: &World) {
    let (screening, wave) = computed(world);
    let results = good(&world.get(&world.officer, &format!("/api/v1/screenings/{screening}/results")));
    let pupil = text(&results[0]["pupil"]);
    let job_folder = world.config.data.join("jobs").join(&wave);
    assert_eq!(kept(world, &wave), "all");
    let ask = json!({ "pupil_id": pupil, "kind": "delete", "applicant": "guardian" });
    let request = text(&good(&world.post(&world.officer, "/api/v1/subject-requests", &ask))["id"]);
    world.step_up(&world.officer);
    good(&world.post(&world.officer, &format!("/api/v1/subject-requests/{request}/completion"), &json!({})));
    assert_eq!(kept(world, &wave), "aggregates");
    file(world, &wave, "results.csv").refused(404, "not-in-scope", None);
    assert_eq!(file(world, &wave, "coverage.csv").status, 200, "counts stay");
    let left = below(&job_folder);
    for gone in ["results.csv.sealed", "alerts.xlsx.sealed", "make-up.csv.sealed", "rejected.csv.sealed"] {
        assert!(!left.iter().any(|name| name == gone), "{left:?}");
    }
    // The results that later waves are compared with stay, without the pupil, and say what they rest on.
    let parquet = file(world, &wave, "results.parquet").body;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("results.parquet"), parquet).unwrap();
    let rest = screening_io::read_wave(folder.path()).unwrap();
    assert_eq!((rest.id.as_str(), rest.results.height()), ("2026-autumn", 8));
    let ids = rest.results.column("student_id").unwrap().str().unwrap();
    assert!(ids.iter().flatten().all(|id| id != pupil), "{ids:?}");
    // Computed again, the wave is without the pupil; closed, it keeps the result of somebody who has left.
    let compute = || {
        let job = good(&world.post(&world.officer, &format!("/api/v1/screenings/{screening}/compute"), &json!({})));
        done(world, &text(&job["id"]));
        text(&job["id"])
    };
    assert!(!file(world, &compute(), "results.csv").text().contains(&pupil));
    good(&world.post(&world.officer, &format!("/api/v1/screenings/{screening}/close"), &json!({})));
    let left = text(&results[1]["pupil"]);
    good(&world.post(&world.officer, &format!("/api/v1/pupils/{left}/departure"), &json!({})));
    compute();
    let results = good(&world.get(&world.officer, &format!("/api/v1/screenings/{screening}/results")));
    let pupils: Vec<&str> = results.as_array().unwrap().iter().filter_map(|result| result["pupil"].as_str()).collect();
    assert!(pupils.len() == 8 && pupils.contains(&left.as_str()), "{pupils:?}");
}

fn files_end_by_a_rule(world: &World) {
    let (screening, wave) = computed(world);
    // A sheet of nobody, with a critical answer.
    let target = format!("/api/v1/screenings/{screening}/answers?source=table");
    let job = good(&upload(world, &world.officer, &target, table(&[("77", 0, 2)]).as_bytes()));
    let later = text(&done(world, &text(&job["id"]))["wave_job"]);
    done(world, &later);
    // An upload that broke off long ago, and one that is on its way.
    let jobs = world.config.data.join("jobs");
    for (name, age) in [("broken-off", 3600), ("on-its-way", 0)] {
        std::fs::create_dir(jobs.join(name)).unwrap();
        let path = jobs.join(name).join("upload.sealed");
        std::fs::write(&path, "k1\n").unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(age);
        for path in [path, jobs.join(name)] {
            std::fs::File::open(path).unwrap().set_modified(then).unwrap();
        }
    }
    world.step_up(&world.officer);
    let rule = json!({ "days": 90, "basis": "school rule 10" });
    for class in ["files", "waiting"] {
        let rules = good(&world.send("PUT", &world.officer, &format!("/api/v1/retention/{class}"), &rule, &[]));
        assert!(rules["classes"].as_array().unwrap().contains(&class.into()));
    }
    operations::delete_what_is_due(&world.config).unwrap();
    assert_eq!(kept(world, &wave), "all", "nothing is due yet");
    assert!(!jobs.join("broken-off").exists() && jobs.join("on-its-way").exists());
    world.clock.advance(Duration::from_hours(91 * 24));
    let body = json!({ "name": "officer", "password": PASSWORD, "code": world.code_of(&world.officer) });
    let officer = world.officer.again(&world.server.post("/api/v1/session", &body.to_string()));
    let due = good(&world.get(&officer, "/api/v1/retention"));
    assert_eq!((&due["rules"][0]["due"], &due["rules"][1]["due"]), (&2.into(), &1.into()), "{due:#}");
    assert_eq!(good(&world.get(&officer, "/api/v1/alerts")).as_array().unwrap().len(), 3);
    let deleted = operations::delete_what_is_due(&world.config).unwrap();
    let rows: Vec<(&str, u64)> = deleted.iter().map(|sum| (sum.class.as_str(), sum.rows)).collect();
    assert_eq!(rows, [("files", 2), ("waiting", 1)]);
    assert!(!jobs.join(&wave).exists() && !jobs.join(&later).exists(), "{:?}", below(&jobs));
    assert_eq!(good(&world.get(&officer, &format!("/api/v1/screenings/{screening}/inbox?state=waiting"))), json!([]));
    assert_eq!(
        good(&world.get(&officer, "/api/v1/alerts")).as_array().unwrap().len(),
        2,
        "that of nobody went with its sheet"
    );
    assert_eq!(operations::verify_audit_log(&world.config).unwrap().faults, []);
}
