//! Packs the definitions of `instruments/` for embedding: TOML is for people, and parsing all of it at every start would
//! cost more than a whole screening of a school. Each file becomes a line of JSON with the hash of its text.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/hash.rs"]
#[allow(dead_code)]
mod hash;

fn main() -> Result<(), Box<dyn Error>> {
    if env::var_os("CARGO_FEATURE_BUNDLED").is_none() {
        return Ok(());
    }
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../instruments");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/hash.rs");
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let mut packed = String::new();
    for path in &files {
        packed += &serde_json::to_string(&pack(path)?)?;
        packed.push('\n');
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("library.jsonl"), packed)?;
    Ok(())
}

fn pack(path: &Path) -> Result<serde_json::Value, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let definition: serde_json::Value = toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_json::json!({ "hash": hash::content_hash(&text), "definition": definition }))
}
