//! The page's own files, under names that change with their content.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// Bytes of the hash in a name.
const HASH: usize = 6;

/// A file of the page.
#[derive(Debug)]
pub(super) struct Asset {
    /// Where it is: `/assets/page-0123456789ab.css`.
    pub(super) path: String,
    content_type: &'static str,
    content: &'static str,
}

/// The stylesheet.
pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "css",
        "text/css; charset=utf-8",
        include_str!("assets/page.css"),
    )
});

/// The script, which searches and sorts.
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let script = include_str!("assets/page.js");
    Asset::new("js", "text/javascript; charset=utf-8", script)
});

/// The icon of the browser's tab.
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_str!("assets/page.svg")));

impl Asset {
    fn new(ending: &str, content_type: &'static str, content: &'static str) -> Self {
        let hash = Sha256::digest(content.as_bytes());
        let mut path = "/assets/page-".to_owned();
        for byte in hash.iter().take(HASH) {
            let _ = write!(path, "{byte:02x}");
        }
        path.push('.');
        path.push_str(ending);
        Self {
            path,
            content_type,
            content,
        }
    }
}

/// Serves one of them.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let asset = [&STYLE, &SCRIPT, &ICON]
        .into_iter()
        .find(|asset| asset.path.strip_prefix("/assets/") == Some(name.as_str()));
    match asset {
        Some(asset) => ([(CONTENT_TYPE, asset.content_type)], asset.content).into_response(),
        None => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
    }
}
