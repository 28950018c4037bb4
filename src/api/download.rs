//! Answers that are files: received piece by piece, and looked at before they are believed.
//!
//! The service says failures of an export as JSON, with a status of success or without.

use std::io::SeekFrom;
use std::sync::atomic::AtomicU64;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tracing::Instrument;

use super::error::{ApiError, ApiErrorKind, ErrorBody};
use super::outgoing::{Outgoing, headers};
use super::token::Tokens;
use super::transport::Transport;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How a ZIP archive begins, which an `.xlsx` file is.
const ZIP: &[u8] = b"PK\x03\x04";
/// How an `.xls` file begins.
const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0";
/// As much as is read of an error where a file was expected.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The kinds of file that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Comma-separated text.
    Csv,
    /// A workbook.
    Excel,
}

/// Why a file could not be received.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The service failed or refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It could not be written here.
    #[error("could not write the received file: {0}")]
    File(#[from] std::io::Error),
}

/// The same for one attempt.
enum Trouble {
    Api(ApiErrorKind),
    File(std::io::Error),
}

impl FileKind {
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "a CSV file",
            Self::Excel => "an Excel file",
        }
    }

    /// What an answer that begins with `start` is instead of such a file, if it is something else.
    fn mismatch(self, content_type: &str, start: &[u8]) -> Option<&'static str> {
        let text = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start);
        match text.trim_ascii_start().first() {
            None => Some("empty"),
            Some(b'{' | b'[') => Some("JSON"),
            Some(b'<') => Some("a web page"),
            Some(_) if content_type.contains("json") => Some("JSON"),
            Some(_) if content_type.contains("html") => Some("a web page"),
            Some(_) => match self {
                Self::Excel if start.starts_with(ZIP) || start.starts_with(COMPOUND_FILE) => None,
                Self::Excel => Some("something else"),
                Self::Csv if start.contains(&0) || start.starts_with(ZIP) => Some("no text"),
                Self::Csv => None,
            },
        }
    }
}

impl Transport {
    /// Sends `request` and writes the file that it is answered with, as often as the table in [`super::retry`] says.
    /// Gives its size.
    pub async fn download(
        &self,
        tokens: &Tokens,
        request: &Outgoing,
        requests: &AtomicU64,
        kind: FileKind,
        file: &mut File,
    ) -> Result<u64, DownloadError> {
        let again = self.download_again(tokens, request, requests, kind, file);
        Box::pin(again.instrument(self.span(request))).await
    }

    async fn download_again(
        &self,
        tokens: &Tokens,
        request: &Outgoing,
        requests: &AtomicU64,
        kind: FileKind,
        file: &mut File,
    ) -> Result<u64, DownloadError> {
        let mut retry = self.retry();
        loop {
            let (permit, token) = self.admit(Some(tokens), request, requests).await?;
            let mut headers = headers(request, token.as_ref()).map_err(|kind| ApiError {
                doing: request.doing.clone(),
                kind,
            })?;
            headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
            let received = match self.exchange(request, headers, requests).await {
                Ok(response) => self.receive(response, kind, file).await,
                Err(kind) => Err(Trouble::Api(kind)),
            };
            match received {
                Ok(bytes) => {
                    permit.note_success();
                    return Ok(bytes);
                }
                Err(Trouble::File(error)) => return Err(error.into()),
                Err(Trouble::Api(kind)) => {
                    let token = token.as_ref().map(|token| (tokens, token));
                    self.recover(kind, request, token, (permit, &mut retry))
                        .await?;
                }
            }
        }
    }

    async fn receive(
        &self,
        mut response: reqwest::Response,
        kind: FileKind,
        file: &mut File,
    ) -> Result<u64, Trouble> {
        let status = response.status().as_u16();
        let content_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        // A chunk may be as small as a byte.
        let mut start = Vec::new();
        let mut is_over = false;
        while start.trim_ascii_start().len() < ZIP.len() && !is_over {
            match self.chunk(&mut response).await.map_err(Trouble::Api)? {
                Some(chunk) => start.extend_from_slice(&chunk),
                None => is_over = true,
            }
        }
        // 201 and 202 promise a file; they are none.
        let what = match status {
            200 => kind.mismatch(&content_type, &start),
            _ => Some(
                kind.mismatch(&content_type, &start)
                    .unwrap_or("only a promise"),
            ),
        };
        if let Some(what) = what {
            while start.len() < MAX_ERROR_BYTES
                && let Ok(Some(chunk)) = self.chunk(&mut response).await
            {
                start.extend_from_slice(&chunk);
            }
            return Err(Trouble::Api(ApiErrorKind::NotAFile {
                status,
                what,
                expected: kind.name(),
                message: ErrorBody::parse(&start).message,
            }));
        }
        // What an earlier attempt wrote is no part of this one.
        file.set_len(0).await.map_err(Trouble::File)?;
        file.seek(SeekFrom::Start(0)).await.map_err(Trouble::File)?;
        let mut bytes = start.len() as u64;
        file.write_all(&start).await.map_err(Trouble::File)?;
        while let Some(chunk) = self.chunk(&mut response).await.map_err(Trouble::Api)? {
            bytes += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(Trouble::File)?;
        }
        file.sync_all().await.map_err(Trouble::File)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_an_error_by_its_type_and_its_first_bytes() {
        for (kind, content_type, start, expected) in [
            (FileKind::Csv, "text/csv", &b"Name;Type\r\n"[..], None),
            (
                FileKind::Csv,
                "application/octet-stream",
                b"\xef\xbb\xbfName,Type",
                None,
            ),
            (FileKind::Csv, "", b"\"Name\",\"Type\"", None),
            (
                FileKind::Csv,
                "text/csv",
                b"{\"status\":\"FAILED\"}",
                Some("JSON"),
            ),
            (
                FileKind::Csv,
                "text/csv",
                b"\xef\xbb\xbf {\"status\"",
                Some("JSON"),
            ),
            (
                FileKind::Csv,
                "application/json; charset=utf-8",
                b"\"soon\"",
                Some("JSON"),
            ),
            (FileKind::Csv, "text/html", b"<html>", Some("a web page")),
            (FileKind::Csv, "text/csv", b" \r\n", Some("empty")),
            (FileKind::Csv, "text/csv", b"", Some("empty")),
            (FileKind::Csv, "text/csv", b"PK\x03\x04", Some("no text")),
            (
                FileKind::Excel,
                "application/vnd.ms-excel",
                b"PK\x03\x04\x14",
                None,
            ),
            (FileKind::Excel, "", b"\xd0\xcf\x11\xe0\xa1", None),
            (
                FileKind::Excel,
                "text/csv",
                b"Name;Type",
                Some("something else"),
            ),
            (FileKind::Excel, "", b"[1]", Some("JSON")),
        ] {
            assert_eq!(
                kind.mismatch(content_type, start),
                expected,
                "{kind:?} {content_type} {start:?}"
            );
        }
    }
}
