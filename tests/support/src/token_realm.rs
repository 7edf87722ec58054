//! [`TokenRealm`]: gives the tokens that a `docker-registry` asks for.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use loom_base::sync::LockExt as _;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

use crate::docker_registry::{PASSWORD, USER};

/// An identity token that the realm exchanges.
pub const IDENTITY_TOKEN: &str = "token-of-an-identity";

/// Whom the realm gives tokens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RealmRules {
    /// Everybody; a wrong login is refused.
    Anonymous,
    /// Who has a login: [`USER`] with [`PASSWORD`], or [`IDENTITY_TOKEN`].
    LoginOnly,
}

/// A running realm on a loopback port that the operating system picks. Its thread ends with the process.
#[derive(Debug)]
pub struct TokenRealm {
    /// The URL of the realm.
    pub url: String,
    /// The realm's certificate, in PEM.
    pub certificate: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// What a realm signs with, and its rules.
struct TokenSigner {
    key: EcdsaKeyPair,
    /// The certificate in DER, in base64.
    certificate: String,
    rules: RealmRules,
    life: Duration,
}

/// A request, as far as a realm reads it.
struct RealmRequest {
    method: String,
    target: String,
    authorization: Option<String>,
    body: String,
}

impl TokenRealm {
    /// Starts a realm whose tokens live for this time.
    pub fn start(rules: RealmRules, life: Duration) -> Self {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["realm".to_owned()]).unwrap();
        let der = signing_key.serialize_der();
        let random = SystemRandom::new();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).unwrap();
        let certificate = BASE64_STANDARD.encode(cert.der());
        let signer = TokenSigner { key, certificate, rules, life };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _ = serve(&signer, &log, stream);
            }
        });
        Self { url, certificate: cert.pem(), requests }
    }

    /// The requests so far: method, target, and the kind of login (`anonymous`, `password`, `identity`, `wrong`).
    pub fn requests(&self) -> Vec<String> {
        self.requests.locked().clone()
    }
}

fn serve(signer: &TokenSigner, log: &Mutex<Vec<String>>, stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    let login = request.login();
    log.locked().push(format!("{} {} {login}", request.method, request.target));
    let given = match (login, signer.rules) {
        ("wrong", _) | ("anonymous", RealmRules::LoginOnly) => None,
        _ => Some(signer.token(&request)),
    };
    let (status, body) = match given {
        Some(token) => {
            let body = json!({"token": token, "expires_in": signer.life.as_secs()});
            ("200 OK", body)
        }
        None => ("401 Unauthorized", json!({"details": "no token"})),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    reader.into_inner().write_all(&[head.as_bytes(), body.as_bytes()].concat())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<RealmRequest> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (mut authorization, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => authorization = Some(value.trim().to_owned()),
            "content-length" => length = value.trim().parse().unwrap_or_default(),
            _ => {}
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    Ok(RealmRequest { method, target, authorization, body })
}

impl RealmRequest {
    fn login(&self) -> &'static str {
        let right = format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")));
        match (self.method.as_str(), &self.authorization) {
            ("POST", _) if self.field("refresh_token").as_deref() == Some(IDENTITY_TOKEN) => {
                "identity"
            }
            ("GET", None) => "anonymous",
            ("GET", Some(sent)) if *sent == right => "password",
            _ => "wrong",
        }
    }

    /// A field of the query or of the form.
    fn field(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?').map_or(self.body.as_str(), |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(
            |(_, value)| {
                let value = value.replace('+', " ");
                percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned()
            },
        )
    }
}

impl TokenSigner {
    /// A JSON Web Token for the scope of a request.
    fn token(&self, request: &RealmRequest) -> String {
        let scope = request.field("scope").unwrap_or_default();
        let access = match scope.splitn(3, ':').collect::<Vec<_>>().as_slice() {
            [kind, name, actions] => {
                let actions: Vec<&str> = actions.split(',').collect();
                json!([{"type": kind, "name": name, "actions": actions}])
            }
            _ => json!([]),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({"typ": "JWT", "alg": "ES256", "x5c": [self.certificate]});
        let claims = json!({
            "iss": "test", "sub": "", "aud": "test", "exp": now + self.life.as_secs(), "nbf": now - 10,
            "iat": now, "jti": "1", "access": access,
        });
        let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}
