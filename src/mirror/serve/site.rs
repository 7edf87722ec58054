//! [`Site`]: from a request to a response.

use std::io;

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
    http::response::Builder,
};
use loom_base::error_chain;

use super::{
    PullThrough, ServedFolder,
    file_body::{self, ResponseBody},
    folder_page,
    preconditions::SelectedPart,
    served_folder::{ServedEntry, ServedFile},
};

/// A folder that is served, with the mirror that missing files are fetched from.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) folder: ServedFolder,
    pub(super) pull: Option<PullThrough>,
}

impl Site {
    /// The response to a request.
    pub(super) async fn respond<B>(&self, request: &Request<B>) -> Response<ResponseBody> {
        let is_head = match *request.method() {
            Method::GET => false,
            Method::HEAD => true,
            _ => return not_allowed(),
        };
        let path = request.uri().path();
        let Some(key) = ServedFolder::key(path) else {
            return failure(StatusCode::NOT_FOUND, "not found");
        };
        if let Some(pull) = &self.pull
            && let Err(error) = pull.provide(&key).await
        {
            return failure(StatusCode::BAD_GATEWAY, &error_chain(&*error));
        }
        let folder = self.folder.clone();
        let is_folder = path.ends_with('/');
        let found = tokio::task::spawn_blocking(move || find(&folder, &key, is_folder)).await;
        let response = match found.map_err(io::Error::other).flatten() {
            Ok(Some(Found::File(file))) => file_response(file, request.headers()),
            Ok(Some(Found::Page(page))) => page_response(page),
            Ok(None) => failure(StatusCode::NOT_FOUND, "not found"),
            // The error may name paths of this machine.
            Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the file cannot be read"),
        };
        if is_head { response.map(|_| file_body::empty()) } else { response }
    }
}

enum Found {
    File(ServedFile),
    Page(String),
}

/// The file with this key, or the page of the folder if the URL ends with `/`.
fn find(folder: &ServedFolder, key: &str, is_folder: bool) -> io::Result<Option<Found>> {
    Ok(match folder.find(key)? {
        Some(ServedEntry::File(file)) if !is_folder => Some(Found::File(file)),
        Some(ServedEntry::Folder(path)) if is_folder => {
            Some(Found::Page(folder_page::page(&path)?))
        }
        _ => None,
    })
}

fn file_response(file: ServedFile, headers: &HeaderMap) -> Response<ResponseBody> {
    let ServedFile { file, representation } = file;
    let size = representation.size;
    let mut builder = Response::builder()
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::ETAG, &representation.tag);
    if let Some(modified) = representation.modified {
        builder = builder.header(header::LAST_MODIFIED, httpdate::fmt_http_date(modified));
    }
    match representation.select(headers) {
        SelectedPart::Whole => {
            let builder = builder.header(header::CONTENT_LENGTH, size);
            finish(builder, file_body::part_of(file, 0..size))
        }
        SelectedPart::Part(part) => {
            let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            let builder = builder
                .status(StatusCode::PARTIAL_CONTENT)
                .header(header::CONTENT_RANGE, range)
                .header(header::CONTENT_LENGTH, part.end - part.start);
            finish(builder, file_body::part_of(file, part))
        }
        SelectedPart::NotModified => {
            finish(builder.status(StatusCode::NOT_MODIFIED), file_body::empty())
        }
        SelectedPart::PreconditionFailed => {
            failure(StatusCode::PRECONDITION_FAILED, "the file is another one")
        }
        SelectedPart::Unsatisfiable => {
            let mut response = failure(StatusCode::RANGE_NOT_SATISFIABLE, "no such bytes");
            if let Ok(range) = HeaderValue::from_str(&format!("bytes */{size}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, range);
            }
            response
        }
    }
}

fn page_response(page: String) -> Response<ResponseBody> {
    let builder = Response::builder()
        .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
        .header(header::CONTENT_LENGTH, page.len());
    finish(builder, file_body::bytes(page))
}

fn not_allowed() -> Response<ResponseBody> {
    let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn failure(status: StatusCode, why: &str) -> Response<ResponseBody> {
    let text = format!("{why}\n");
    let builder = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(header::CONTENT_LENGTH, text.len());
    finish(builder, file_body::bytes(text))
}

/// The response; an empty one with status 500 where a header cannot be written.
fn finish(builder: Builder, body: ResponseBody) -> Response<ResponseBody> {
    builder.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(file_body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
