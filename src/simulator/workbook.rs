//! A workbook of one sheet of texts, as small as a spreadsheet program accepts: a ZIP archive without compression.

/// The parts that are the same in every workbook.
const FRAME: [(&str, &str); 4] = [
    (
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Enrollments" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
];

/// The workbook with these rows.
pub fn of(rows: &[Vec<String>]) -> Vec<u8> {
    let mut archive = Archive::default();
    for (name, xml) in FRAME {
        archive.add(name, xml.as_bytes());
    }
    archive.add("xl/worksheets/sheet1.xml", sheet(rows).as_bytes());
    archive.end()
}

fn sheet(rows: &[Vec<String>]) -> String {
    let mut xml = String::from(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for row in rows {
        xml += "<row>";
        for cell in row {
            let text = cell
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            xml += &format!(r#"<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>"#);
        }
        xml += "</row>";
    }
    xml + "</sheetData></worksheet>"
}

/// A ZIP archive of stored files.
#[derive(Default)]
struct Archive {
    out: Vec<u8>,
    directory: Vec<u8>,
    files: u16,
}

impl Archive {
    fn add(&mut self, name: &str, content: &[u8]) {
        let offset = self.out.len() as u32;
        // What both headers say of a file: version, flags, method, time and date (1 January 1980), checksum, sizes,
        // and the lengths of name and extra field.
        let mut common = Vec::new();
        for short in [20_u16, 0, 0, 0, 0x21] {
            common.extend_from_slice(&short.to_le_bytes());
        }
        let size = content.len() as u32;
        for long in [checksum(content), size, size] {
            common.extend_from_slice(&long.to_le_bytes());
        }
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&0_u16.to_le_bytes());

        self.out.extend_from_slice(b"PK\x03\x04");
        self.out.extend_from_slice(&common);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(content);

        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&common);
        // Comment, disk, attributes.
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&offset.to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.files += 1;
    }

    fn end(mut self) -> Vec<u8> {
        let start = self.out.len() as u32;
        self.out.extend_from_slice(&self.directory);
        self.out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        for _ in 0..2 {
            self.out.extend_from_slice(&self.files.to_le_bytes());
        }
        self.out
            .extend_from_slice(&(self.directory.len() as u32).to_le_bytes());
        self.out.extend_from_slice(&start.to_le_bytes());
        self.out.extend_from_slice(&[0; 2]);
        self.out
    }
}

/// CRC-32 as ZIP has it.
fn checksum(bytes: &[u8]) -> u32 {
    let mut rest = u32::MAX;
    for &byte in bytes {
        rest ^= u32::from(byte);
        for _ in 0..8 {
            rest = (rest >> 1) ^ (0xEDB8_8320 * (rest & 1));
        }
    }
    !rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    }
}
