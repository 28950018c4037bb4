//! The marker: the file that says that a data folder is ours and how far its making has come.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::EmbeddedError;

const HEADER: &str = "# The private PostgreSQL of keepnet-etl. Do not edit or remove this file.\n";

/// How far the making of a cluster has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Begun; nothing in it has ever been handed out, so it may be made again from nothing.
    Creating,
    /// Complete; never deleted by this program.
    Ready,
}

/// The contents of the marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// Random name of the cluster; the running server shows it, which proves whose it is.
    pub(super) identity: String,
    /// Port of the server.
    pub(super) port: u16,
    /// How far its making has come.
    pub(super) state: State,
}

impl Marker {
    /// The marker of a cluster that is about to be made.
    pub(super) fn begin(port: u16) -> Result<Self, EmbeddedError> {
        Ok(Self {
            identity: random_hex(16)?,
            port,
            state: State::Creating,
        })
    }

    /// `cluster_name` of the server, visible in every connection and in its processes' titles.
    pub(super) fn cluster_name(&self) -> String {
        format!("keepnet-etl-{}", self.identity)
    }

    /// The file's text.
    pub(super) fn to_text(&self) -> String {
        let state = match self.state {
            State::Creating => "creating",
            State::Ready => "ready",
        };
        format!(
            "{HEADER}identity = {}\nport = {}\nstate = {state}\n",
            self.identity, self.port
        )
    }

    /// Reads the file's text; `path` is for the error.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, EmbeddedError> {
        let damaged = |why| EmbeddedError::Damaged {
            path: path.to_path_buf(),
            why,
        };
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix("= "))
        };
        // The identity becomes part of a command line and of the server's settings.
        let identity = value("identity")
            .filter(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| damaged("no identity in it"))?;
        let port = value("port")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("no port in it"))?;
        let state = match value("state") {
            Some("creating") => State::Creating,
            Some("ready") => State::Ready,
            _ => return Err(damaged("no state in it")),
        };
        Ok(Self {
            identity: identity.to_owned(),
            port,
            state,
        })
    }
}

/// `bytes` random bytes of the operating system, as hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String, EmbeddedError> {
    let mut random = vec![0; bytes];
    let source = Path::new("/dev/urandom");
    File::open(source)
        .and_then(|mut file| file.read_exact(&mut random))
        .map_err(EmbeddedError::io("read", source))?;
    Ok(random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let path = Path::new("marker");
        let mut marker = Marker::begin(20_000).unwrap();
        assert_eq!(Marker::parse(&marker.to_text(), path).unwrap(), marker);
        marker.state = State::Ready;
        assert_eq!(Marker::parse(&marker.to_text(), path).unwrap(), marker);
        assert_ne!(Marker::begin(1).unwrap().identity, marker.identity);
    }

    #[test]
    fn a_damaged_marker_is_not_taken_for_an_unfinished_one() {
        let text = Marker::begin(20_000).unwrap().to_text();
        for damaged in [
            "",
            "state = creating\n",
            &text.replace("creating", ""),
            &text[..60],
        ] {
            let refused = Marker::parse(damaged, Path::new("marker"));
            assert!(
                matches!(refused, Err(EmbeddedError::Damaged { .. })),
                "{damaged}"
            );
        }
    }
}
