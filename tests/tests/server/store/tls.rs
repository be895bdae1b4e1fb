//! TLS that the server speaks itself.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use screening_server::{Config, TlsFiles};

use crate::client::{Answer, head, start};

/// A certificate for `localhost` that signs itself; none where `openssl` is not at hand.
fn certificate(folder: &Path, name: &str) -> Option<TlsFiles> {
    let files = TlsFiles { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) };
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&files.key)
        .arg("-out")
        .arg(&files.certificate)
        .output();
    if made.is_ok_and(|made| made.status.success()) {
        return Some(files);
    }
    println!("skipped: openssl is not at hand");
    None
}

#[test]
fn requests_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = certificate(folder.path(), "server") else { return };
    let server = start(Config { tls: Some(files.clone()), ..Config::default() });
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(config, name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address).unwrap());
    stream.write_all(&head("GET", "/healthz", &[], None)).unwrap();
    let answer = Answer::read(&mut BufReader::new(stream));
    assert_eq!(answer.json()["status"], "ok");
    // Who speaks plain HTTP is hung up on, and others are still served.
    let mut plain = TcpStream::connect(server.address).unwrap();
    plain.write_all(&head("GET", "/healthz", &[], None)).unwrap();
    let mut said = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut said);
    assert!(!String::from_utf8_lossy(&said).contains("200 OK"));
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let Some(files) = certificate(folder.path(), "server") else { return };
    let other = certificate(folder.path(), "other").unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let told = |files: TlsFiles| {
        let config = Config { tls: Some(files), listen: ([127, 0, 0, 1], 0).into(), ..Config::default() };
        runtime.block_on(screening_server::Server::bind(config)).unwrap_err().to_string()
    };
    let crossed = told(TlsFiles { key: other.key, ..files.clone() });
    assert!(crossed.contains("must belong together"), "{crossed}");
    std::fs::write(&files.certificate, "no certificate").unwrap();
    let broken = told(files);
    assert!(broken.contains("server.pem") && broken.contains("PEM"), "{broken}");
}
