//! Why the HTTP side cannot begin.

use std::io;
use std::net::SocketAddr;

use crate::settings::SecretError;

/// Shorter tokens could be guessed.
pub(super) const MIN_TOKEN_LENGTH: usize = 16;

/// Why the HTTP side cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is taken, or not this machine's.
    #[error("could not listen on {address} (http.listen): {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Others could read the page.
    #[error(
        "could not serve on {0} (http.listen): other machines reach it, and http.token_file is not set"
    )]
    TokenMissing(SocketAddr),
    /// The token cannot be read.
    #[error("could not use http.token_file: {0}")]
    TokenUnreadable(#[from] SecretError),
    /// The token is no secret.
    #[error(
        "could not use http.token_file: its token is shorter than {MIN_TOKEN_LENGTH} characters"
    )]
    TokenShort,
}

impl HttpError {
    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Listen { source, .. } => match source.kind() {
                io::ErrorKind::AddrInUse => {
                    "stop what listens there, or set http.listen to another port"
                }
                io::ErrorKind::PermissionDenied => "set http.listen to a port above 1023",
                _ => "set http.listen to an address of this machine, or to \"\" for no page",
            },
            Self::TokenMissing(_) => {
                "write a token to a file (openssl rand -hex 32) and name it in http.token_file, or set http.listen to 127.0.0.1:8080"
            }
            Self::TokenUnreadable(_) => {
                "check the file's path, that it is not empty, and that this user may read it"
            }
            Self::TokenShort => "make a longer one: openssl rand -hex 32",
        }
    }
}
