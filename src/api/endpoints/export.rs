//! `enrollments/search/export`: the vendor's own file of the enrollment list.

use serde_json::Map;
use tokio::fs::File;

use crate::api::CompanyClient;
use crate::api::download::{DownloadError, FileKind};
use crate::api::endpoint::Endpoint;
use crate::api::search::{Casing, Filter, SearchBody};

impl CompanyClient {
    /// `POST enrollments/search/export`: writes all pages of the list, or of one type of enrollments, to `file`. Gives
    /// its size.
    pub async fn export_enrollments(
        &self,
        kind: FileKind,
        enrollment_type: Option<&str>,
        file: &mut File,
    ) -> Result<u64, DownloadError> {
        let mut members = Map::new();
        let export_type = match kind {
            FileKind::Csv => "CSV",
            FileKind::Excel => "Excel",
        };
        members.insert("exportType".to_owned(), export_type.into());
        members.insert("reportAllPages".to_owned(), true.into());
        if let Some(name) = enrollment_type {
            members.insert("enrollmentType".to_owned(), name.into());
        }
        let request = self.post(
            Endpoint::Export,
            &["api", "enrollments", "search", "export"],
            "export the enrollments".to_owned(),
            &SearchBody {
                page_number: 1,
                page_size: self.client.page_size,
                order_by: "CreateTime",
                ascending: true,
                filter: Filter::everything(Casing::Pascal),
                members: &members,
            },
        );
        let client = &self.client;
        client
            .transport
            .download(&client.tokens, &request, &client.requests, kind, file)
            .await
    }
}
