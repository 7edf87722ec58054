//! A registry whose line fails: a real one behind a server that cuts, answers itself, or changes what it passes on.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A request on its way to the registry.
#[derive(Debug, Clone)]
pub(crate) struct PassingRequest {
    /// Its number, from 0.
    pub(crate) number: usize,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whether it has a login.
    pub(crate) has_login: bool,
}

/// What becomes of a request.
pub(crate) enum Passage {
    /// It is passed on.
    Passed,
    /// The connection is closed once half of its body was read.
    CutInTheMiddle,
    /// It is passed on, and the connection is closed before the answer.
    AnswerLost,
    /// The line answers: the head of the response, and its body.
    Answered(String, Vec<u8>),
    /// The line answers with this head and a body without an end.
    Endless(String),
    /// It is passed on, and the head of the answer is changed.
    Changed(Box<dyn Fn(String) -> String>),
    /// Another body is passed on.
    Replaced(Vec<u8>),
}

type Rule = Box<dyn Fn(&PassingRequest) -> Passage + Send>;

/// A registry behind a line that fails as it is told.
pub(crate) struct FailingRegistry {
    pub(crate) address: String,
    rule: Arc<Mutex<Rule>>,
    requests: Arc<Mutex<Vec<PassingRequest>>>,
}

impl FailingRegistry {
    /// A line to the registry at this address.
    pub(crate) fn before(
        registry: &str,
        rule: impl Fn(&PassingRequest) -> Passage + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(rule)));
        let requests: Arc<Mutex<Vec<PassingRequest>>> = Arc::default();
        let line = Line { to: registry.to_owned(), rule: rule.clone(), requests: requests.clone() };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let line = line.clone();
                std::thread::spawn(move || line.pass(stream));
            }
        });
        Self { address, rule, requests }
    }

    /// From now on, this becomes of requests, which are counted from 0 again.
    pub(crate) fn set(&self, rule: impl Fn(&PassingRequest) -> Passage + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
        self.requests.lock().unwrap().clear();
    }

    pub(crate) fn requests(&self) -> Vec<PassingRequest> {
        self.requests.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Line {
    to: String,
    rule: Arc<Mutex<Rule>>,
    requests: Arc<Mutex<Vec<PassingRequest>>>,
}

impl Line {
    /// One request on one connection.
    fn pass(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut head, mut first, mut length) = (String::new(), String::new(), 0_usize);
        let mut has_login = false;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let lower = line.to_ascii_lowercase();
            if first.is_empty() {
                first.clone_from(&line);
            }
            has_login |= lower.starts_with("authorization:");
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
            if !lower.starts_with("connection:") {
                head.push_str(&line);
            }
        }
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let request = {
            let mut requests = self.requests.lock().unwrap();
            let request = PassingRequest { number: requests.len(), method, path, has_login };
            requests.push(request.clone());
            request
        };
        let passage = (self.rule.lock().unwrap())(&request);
        let mut body =
            vec![0; if matches!(passage, Passage::CutInTheMiddle) { length / 2 } else { length }];
        reader.read_exact(&mut body)?;
        let mut stream = reader.into_inner();
        match passage {
            Passage::CutInTheMiddle => {}
            Passage::Passed => stream.write_all(&self.answer(&head, &body)?)?,
            Passage::Replaced(other) => {
                let head = head.replace(
                    &format!("content-length: {length}"),
                    &format!("content-length: {}", other.len()),
                );
                stream.write_all(&self.answer(&head, &other)?)?;
            }
            Passage::AnswerLost => drop(self.answer(&head, &body)?),
            Passage::Answered(head, body) => {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes())?;
                if request.method != "HEAD" {
                    stream.write_all(&body)?;
                }
            }
            Passage::Endless(head) => {
                stream.write_all(
                    format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes(),
                )?;
                loop {
                    stream.write_all(&[b' '; 65536])?;
                }
            }
            Passage::Changed(change) => {
                let answer = self.answer(&head, &body)?;
                let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
                let head = change(String::from_utf8(answer[..end].to_vec()).unwrap());
                stream.write_all(head.as_bytes())?;
                stream.write_all(&answer[end..])?;
            }
        }
        stream.shutdown(Shutdown::Both)
    }

    /// What the registry answers.
    fn answer(&self, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut registry = TcpStream::connect(&self.to)?;
        registry.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
        registry.write_all(body)?;
        let mut answer = Vec::new();
        registry.read_to_end(&mut answer)?;
        Ok(answer)
    }
}
