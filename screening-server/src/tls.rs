//! TLS: a certificate with its key, read from files, and again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Files of a certificate.
///
/// ```
/// let files = screening_server::TlsFiles { certificate: "server.pem".into(), key: "server.key".into() };
/// assert!(files.key.ends_with("server.key"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain in PEM, the certificate of the server first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {why}", path.display())]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

/// A certificate in use.
#[derive(Clone)]
pub(crate) struct Tls {
    files: TlsFiles,
    config: Arc<ArcSwap<ServerConfig>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self { files: files.clone(), config: Arc::new(ArcSwap::new(read(files)?)) })
    }

    /// Reads the files again. Where they are broken, the last certificate stays in use.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        self.config.store(read(&self.files)?);
        Ok(())
    }

    /// Takes connections with the certificate as it is now.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |path: &Path, why: String| TlsError { path: path.to_owned(), why };
    let not_pem = |path: &Path, error: rustls::pki_types::pem::Error, wanted: &str| {
        wrong(path, format!("{error}; {wanted} in PEM is needed"))
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(|error| not_pem(&files.certificate, error, "a certificate"))?
        .collect();
    let chain = chain.map_err(|error| not_pem(&files.certificate, error, "a certificate"))?;
    if chain.is_empty() {
        return Err(wrong(
            &files.certificate,
            "there is no certificate in the file; a chain in PEM is needed".to_owned(),
        ));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| not_pem(&files.key, error, "a private key"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&files.key, format!("{error}; certificate and key must belong together")))?;
    Ok(Arc::new(config))
}
