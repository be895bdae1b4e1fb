//! Sign-in by an identity provider (OpenID Connect): authorization code with PKCE.
//!
//! The provider says who somebody is, and nothing else: which account that is was bound before by somebody who manages accounts,
//! and role and scope are those of the account. Everything that the provider sends is checked against what it publishes
//! (discovery, key set), over TLS.
//!
//! Sources: OpenID Connect Core 1.0 (3.1 code flow, 3.1.3.7 checks of the id token), Discovery 1.0, RFC 7636 (PKCE).

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::live::webhook::{agent, is_allowed};

/// How long the provider may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer of the provider.
const LONGEST: u64 = 1 << 20;
/// How long what the provider publishes is taken to be so.
const HELD: Duration = Duration::from_hours(1);
/// A key that is not known is looked for at the provider at most this often.
const AGAIN: Duration = Duration::from_secs(30);
/// Difference of clocks that is put up with, in seconds.
const LEEWAY: i64 = 60;
/// Algorithms of signatures that are taken: those with a public key.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// An identity provider at which accounts may sign in.
///
/// ```
/// use screening_server::IdentityProvider;
/// let provider = IdentityProvider::new("https://login.example.org", "screening", "https://screening.example.org");
/// assert!(provider.client_secret.is_none(), "a public client, which PKCE makes safe");
/// ```
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// Its address, as `iss` of its tokens says it.
    pub issuer: String,
    /// Name of this server at the provider.
    pub client_id: String,
    /// Secret of this server at the provider, where it has one.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where browsers reach this server, without a path: `https://screening.example.org`.
    pub public_url: String,
    /// Where a browser is sent once it has signed in: a path of this server.
    pub landing: String,
}

impl IdentityProvider {
    /// A provider at which this server has no secret.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, public_url: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            public_url: public_url.into(),
            landing: "/api".to_owned(),
        }
    }

    /// Where the provider sends browsers back to: this has to be entered at the provider.
    pub fn redirect(&self) -> String {
        format!("{}/api/v1/session/provider/return", self.public_url.trim_end_matches('/'))
    }
}

/// Why somebody was not signed in. No text of the provider stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unproved {
    /// The provider is not there, or answers with something else than it should.
    #[error("the provider does not answer as it should: {0}")]
    Provider(&'static str),
    /// The id token is not one for this server and this attempt.
    #[error("the id token is refused: {0}")]
    Token(&'static str),
}

/// Who somebody is by the word of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proved {
    pub(crate) subject: String,
    /// Only when the provider says that it was verified.
    pub(crate) email: Option<String>,
}

/// One attempt to sign in, as long as the browser is at the provider.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// Keys as they are published.
#[derive(Deserialize)]
struct Listed {
    keys: Vec<Value>,
}

#[derive(Debug, Clone)]
struct Known {
    published: Arc<Published>,
    keys: Arc<JwkSet>,
    at: Instant,
}

/// The provider with what it publishes.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) config: IdentityProvider,
    known: Mutex<Option<Known>>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: OneOrMore,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    email: Option<String>,
    /// Some providers write it as a text.
    #[serde(default)]
    email_verified: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Provider {
    pub(crate) fn new(config: IdentityProvider) -> Self {
        Self { config, known: Mutex::default() }
    }

    /// Where the browser is sent. Blocks while the provider is asked.
    pub(crate) fn authorization(&self, attempt: &Attempt) -> Result<String, Unproved> {
        let known = self.known(false)?;
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(attempt.verifier.as_bytes()));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.config.redirect())
            .append_pair("scope", "openid email")
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let endpoint = &known.published.authorization_endpoint;
        Ok(format!("{endpoint}{}{query}", if endpoint.contains('?') { '&' } else { '?' }))
    }

    /// Exchanges the code for the id token and checks it. `now` is in milliseconds. Blocks while the provider is asked.
    pub(crate) fn prove(&self, attempt: &Attempt, code: &str, now: i64) -> Result<Proved, Unproved> {
        let known = self.known(false)?;
        let token = self.exchange(&known.published, attempt, code)?;
        self.check(&token, &attempt.nonce, now / 1000)
    }

    fn exchange(&self, published: &Published, attempt: &Attempt, code: &str) -> Result<String, Unproved> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.config.redirect())
            .append_pair("code_verifier", &attempt.verifier);
        let mut request =
            agent(PATIENCE).post(&published.token_endpoint).header("content-type", "application/x-www-form-urlencoded");
        match &self.config.client_secret {
            Some(secret) => {
                let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = Zeroizing::new(format!("{}:{}", encoded(&self.config.client_id), encoded(secret)));
                request = request.header("authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())));
            }
            None => {
                form.append_pair("client_id", &self.config.client_id);
            }
        }
        let answer = request
            .send(form.finish().as_bytes())
            .map_err(|_| Unproved::Provider("its token endpoint was not reached"))?;
        if !answer.status().is_success() {
            // A code that was used before or is none of this server: not the fault of the provider.
            return Err(if answer.status().is_client_error() {
                Unproved::Token("the code was not taken")
            } else {
                Unproved::Provider("its token endpoint fails")
            });
        }
        let body: Value = json(answer.into_body())?;
        body["id_token"].as_str().map(str::to_owned).ok_or(Unproved::Provider("no id token"))
    }

    fn check(&self, token: &str, nonce: &str, now: i64) -> Result<Proved, Unproved> {
        let header = decode_header(token).map_err(|_| Unproved::Token("not a signed token"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Unproved::Token("its algorithm is not taken"));
        }
        let key = self.key(header.kid.as_deref(), header.alg)?;
        let mut validation = Validation::new(header.alg);
        // Times, issuer and audience are checked below, with the clock of the server.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims =
            decode::<Claims>(token, &key, &validation).map_err(|_| Unproved::Token("its signature is wrong"))?;
        self.claims(claims.claims, nonce, now)
    }

    fn claims(&self, claims: Claims, nonce: &str, now: i64) -> Result<Proved, Unproved> {
        let client = &self.config.client_id;
        let ours = match &claims.aud {
            OneOrMore::One(one) => one == client,
            // Of several, this server has to be the one that asked.
            OneOrMore::More(more) => more.contains(client) && (more.len() == 1 || claims.azp.as_ref() == Some(client)),
        };
        let refused = |why| Err(Unproved::Token(why));
        if claims.iss != self.config.issuer {
            return refused("it is of another issuer");
        }
        if !ours || claims.azp.as_ref().is_some_and(|party| party != client) {
            return refused("it is for somebody else");
        }
        if claims.exp + LEEWAY <= now {
            return refused("it has expired");
        }
        if claims.iat > now + LEEWAY || claims.nbf.is_some_and(|from| from > now + LEEWAY) {
            return refused("it is of the future");
        }
        if claims.nonce.as_deref() != Some(nonce) {
            return refused("it is for another attempt");
        }
        if claims.sub.is_empty() || claims.sub.len() > 255 {
            return refused("it has no subject");
        }
        let verified = claims.email_verified == Value::Bool(true) || claims.email_verified == "true";
        Ok(Proved { subject: claims.sub, email: claims.email.filter(|_| verified) })
    }

    /// The key of a token. One that is not known may be new.
    fn key(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<DecodingKey, Unproved> {
        for again in [false, true] {
            let known = self.known(again)?;
            if let Some(key) = find(&known.keys, kid, algorithm) {
                return DecodingKey::from_jwk(key).map_err(|_| Unproved::Provider("a key that cannot be read"));
            }
        }
        Err(Unproved::Token("its key is not among those of the provider"))
    }

    /// What the provider publishes, asked for `again` when that is not done too often.
    fn known(&self, again: bool) -> Result<Known, Unproved> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let limit = if again { AGAIN } else { HELD };
        if let Some(known) = known.filter(|known| known.at.elapsed() < limit) {
            return Ok(known);
        }
        let issuer = self.config.issuer.trim_end_matches('/');
        let published: Published = get(&format!("{issuer}/.well-known/openid-configuration"))?;
        if published.issuer != self.config.issuer {
            return Err(Unproved::Provider("it calls itself otherwise than --oidc-issuer says"));
        }
        let endpoints = [&published.authorization_endpoint, &published.token_endpoint, &published.jwks_uri];
        if !endpoints.into_iter().all(|url| is_allowed(url)) {
            return Err(Unproved::Provider("one of its addresses is not https"));
        }
        let listed: Listed = get(&published.jwks_uri)?;
        // Keys of other kinds than those that sign are left.
        let keys = listed.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let keys = JwkSet { keys };
        let known = Known { published: Arc::new(published), keys: Arc::new(keys), at: Instant::now() };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }
}

/// The key with this id; a provider with one key need not name it.
fn find<'k>(keys: &'k JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<&'k Jwk> {
    let fits = |key: &&Jwk| {
        key.common.key_algorithm.is_none_or(|known: KeyAlgorithm| known.to_string() == format!("{algorithm:?}"))
    };
    match kid {
        Some(_) => keys.keys.iter().filter(fits).find(|key| key.common.key_id.as_deref() == kid),
        None if keys.keys.len() == 1 => keys.keys.first().filter(fits),
        None => None,
    }
}

fn get<T: serde::de::DeserializeOwned>(url: &str) -> Result<T, Unproved> {
    if !is_allowed(url) {
        return Err(Unproved::Provider("its address is not https"));
    }
    let answer = agent(PATIENCE).get(url).call().map_err(|_| Unproved::Provider("it was not reached"))?;
    if !answer.status().is_success() {
        return Err(Unproved::Provider("it does not publish what is needed"));
    }
    json(answer.into_body())
}

fn json<T: serde::de::DeserializeOwned>(body: ureq::Body) -> Result<T, Unproved> {
    let mut bytes = Vec::new();
    let read = body.into_reader().take(LONGEST).read_to_end(&mut bytes);
    read.map_err(|_| Unproved::Provider("its answer broke off"))?;
    serde_json::from_slice(&bytes).map_err(|_| Unproved::Provider("its answer is not what it should be"))
}
